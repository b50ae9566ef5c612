/**
 * The attacker: a TCP relay without any key, which passes on so many bytes of a response and then sends FIN or RST. Its
 * argument is the number of ports that it listens on.
 *
 * `arm PORT UPSTREAM SKIP POSITION ENDING` says what becomes of connections to that port, until it is armed anew: they
 * lead to the port UPSTREAM; SKIP records of application data pass before the response begins; `all` for SKIP passes
 * everything, and cuts nothing. The handshake passes as it comes, the response is held back until the server has ended it.
 *
 * `outcome PORT` answers with the number of connections since then, and of the last one: its own port to the server; the
 * bytes before the response and those of the response that it wrote to the client; the bytes of the response that came
 * from the server; and the server's records, as `<type>:<length>`.
 */
import { once } from 'node:events'
import net from 'node:net'
import { serveParent } from '../../support/child-side.js'
import { listeningPort } from '../../support/relay.js'
import { endings, type Ending } from './cells.js'
import { applicationData, RecordSplitter, type WireRecord } from './records.js'

interface Orders {
  readonly upstream: number
  readonly skip: number
  readonly position: number
  readonly ending: Ending
}

class Lane {
  readonly server: net.Server
  #orders: Orders | undefined
  #attacks: Attack[] = []

  constructor() {
    this.server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      if (this.#orders === undefined) client.destroy()
      else this.#attacks.push(new Attack(client, this.#orders))
    })
  }

  arm(orders: Orders): void {
    for (const attack of this.#attacks) attack.close()
    this.#attacks = []
    this.#orders = orders
  }

  outcome(): string {
    const attack = this.#attacks.at(-1)
    return `${this.#attacks.length} ${attack?.outcome() ?? ''}`
  }
}

class Attack {
  readonly #client: net.Socket
  readonly #upstream: net.Socket
  readonly #orders: Orders
  readonly #records: WireRecord[] = []
  readonly #held: Buffer[] = []
  #port = 0
  #applicationRecords = 0
  #passedBefore = 0

  constructor(client: net.Socket, orders: Orders) {
    this.#client = client
    this.#orders = orders
    const upstream = net.connect({ host: '127.0.0.1', port: orders.upstream, allowHalfOpen: true, noDelay: true })
    this.#upstream = upstream
    upstream.on('connect', () => {
      this.#port = upstream.localPort ?? 0
    })
    const splitter = new RecordSplitter()
    upstream.on('data', (bytes) => {
      for (const record of splitter.push(bytes)) this.#take(record)
    })
    upstream.on('end', () => this.#cut())
    upstream.on('error', () => client.destroy())
    client.on('data', (bytes) => {
      if (upstream.writable) upstream.write(bytes)
    })
    client.on('end', () => upstream.end())
    client.on('error', () => {})
    client.on('close', () => upstream.end())
  }

  close(): void {
    this.#client.destroy()
    this.#upstream.destroy()
  }

  outcome(): string {
    const passed = this.#client.bytesWritten - this.#passedBefore
    const total = this.#held.reduce((sum, record) => sum + record.length, 0)
    const records = this.#records.map(({ type, length }) => `${type}:${length}`)
    return [this.#port, this.#passedBefore, passed, total, records.join(',')].join(' ')
  }

  #take(record: Buffer): void {
    const type = record.readUInt8(0)
    this.#records.push({ type, length: record.length })
    const isResponse =
      this.#held.length > 0 || (type === applicationData && this.#applicationRecords >= this.#orders.skip)
    if (type === applicationData) this.#applicationRecords += 1
    if (isResponse) this.#held.push(record)
    else {
      this.#passedBefore += record.length
      this.#client.write(record)
    }
  }

  #cut(): void {
    const bytes = Buffer.concat(this.#held).subarray(0, this.#orders.position)
    this.#client.write(bytes, () => {
      // Everything is with the kernel, which on loopback is the client's.
      if (this.#orders.ending === 'RST') this.#client.resetAndDestroy()
      else this.#client.end()
      this.#upstream.end()
    })
  }
}

const lanes = new Map<number, Lane>()
for (let count = Number(process.argv[2]); count > 0; count -= 1) {
  const lane = new Lane()
  lane.server.listen(0, '127.0.0.1')
  await once(lane.server, 'listening')
  lanes.set(listeningPort(lane.server), lane)
}

serveParent([...lanes.keys()], {
  arm(port, upstream, skip, position, name) {
    const ending = endings.find((one) => one === name)
    if (ending === undefined) throw new Error(`Expected FIN or RST but received "${name}"`)
    laneOf(port).arm({
      upstream: Number(upstream),
      skip: skip === 'all' ? Infinity : Number(skip),
      position: Number(position),
      ending,
    })
  },
  outcome: (port) => laneOf(port).outcome(),
})

function laneOf(port: string | undefined): Lane {
  const lane = lanes.get(Number(port))
  if (lane === undefined) throw new Error(`Nothing listens on port ${port}`)
  return lane
}
