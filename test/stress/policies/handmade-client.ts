/** Clients that write HTTP/1.1 by hand: several requests in one segment, and late ones after the last response. */
import type { TLSSocket } from 'node:tls'
import type { Clients } from './clients.js'
import { hadLeft } from './controlled.js'
import type { LanePlan } from './plan.js'
import { type Exchange, read, type Scene } from './scene.js'
import { checkTruncationError, closed, connectLane, endLane, everyLane } from './tls-client.js'

export async function runHandmade(clients: Clients): Promise<void> {
  await everyLane(clients, async (plan, number) => {
    const lane = new Lane(clients, plan, clients.scene.lanes[number] ?? [])
    await clients.scene.track(`lane ${number}`, lane.settled)
  })
}

class Lane {
  readonly settled: Promise<void>
  readonly #clients: Clients
  readonly #plan: LanePlan
  readonly #exchanges: readonly Exchange[]
  readonly #socket: TLSSocket
  readonly #received: Buffer[] = []
  #sent = 0
  #hasEnded = false
  #isDemanded = false

  constructor(clients: Clients, plan: LanePlan, exchanges: readonly Exchange[]) {
    this.#clients = clients
    this.#plan = plan
    this.#exchanges = exchanges
    this.#socket = connectLane(clients, plan)
    const socket = this.#socket
    socket.once('secureConnect', () => {
      this.#send(plan.pipelined)
      if (plan.late === 'soon') clients.scene.later(1, () => this.#sendRest())
    })
    read(clients.scene, socket, exchanges[0]?.plan.reader ?? { kind: 'flowing' }, (bytes) => this.#read(bytes))
    socket.once('end', () => {
      this.#hasEnded = true
      this.#isDemanded = clients.controls.controls(socket) && clients.controls.demands(socket)
      if (plan.late === 'end') this.#sendRest()
    })
    socket.once('error', (error) => checkTruncationError(clients, socket, error))
    this.settled = closed(socket).then(() => this.#check())
  }

  #read(bytes: Buffer): void {
    this.#received.push(bytes)
    if (this.#plan.late === 'data') this.#sendRest()
  }

  #sendRest(): void {
    if (this.#sent < this.#exchanges.length) this.#send(1)
    if (this.#plan.late === 'soon' && this.#sent < this.#exchanges.length) {
      this.#clients.scene.later(1, () => this.#sendRest())
    }
  }

  #send(count: number): void {
    if (!this.#socket.writable) return
    const batch = this.#exchanges.slice(this.#sent, this.#sent + count)
    this.#sent += batch.length
    this.#socket.write(Buffer.concat(batch.flatMap(({ path, upload }) => [head(path, upload.length), upload])))
    if (this.#sent === this.#exchanges.length) endLane(this.#clients.scene, this.#socket, this.#plan)
  }

  #check(): void {
    const { scene } = this.#clients
    const responses = parseResponses(scene, this.#exchanges, Buffer.concat(this.#received))
    const wholes = responses.filter((isWhole) => isWhole).length
    for (let i = 0; i < wholes; i++) scene.count('responses whole')
    if (this.#hasEnded && this.#isDemanded) {
      const report = this.#clients.controls.reportOf(this.#socket)
      if (report !== undefined && report.received.kind !== 'close_notify' && !hadLeft(report)) {
        scene.fail(`'end', and the report says ${JSON.stringify(report.received)}`)
      }
    }
    if (!scene.plan.isCalm) return
    const last = this.#exchanges.findIndex(({ plan }) => plan.close)
    const expected = last < 0 ? this.#exchanges.length : last + 1
    if (wholes !== expected) {
      scene.fail(`calm, and ${wholes} of ${expected} responses came: ${this.#exchanges.map(({ path }) => path).join()}`)
    }
  }
}

function head(path: string, length: number): Buffer {
  const lines =
    length === 0
      ? [`GET ${path} HTTP/1.1`, 'Host: localhost']
      : [`POST ${path} HTTP/1.1`, 'Host: localhost', `Content-Length: ${length}`]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
}

/** Compares responses with those that are expected, in order. Returns for each that has a head whether it is whole. */
function parseResponses(scene: Scene, exchanges: readonly Exchange[], bytes: Buffer): boolean[] {
  const wholes: boolean[] = []
  let rest = bytes
  for (const { path, plan, response } of exchanges) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) return wholes
    const lines = rest.subarray(0, end).toString('latin1').toLowerCase()
    rest = rest.subarray(end + 4)
    // The server answers by itself where a request makes no sense to it.
    if (!lines.startsWith('http/1.1 200')) {
      scene.count(`answered ${lines.slice(9, 12)}`)
      if (scene.plan.isCalm) scene.fail(`${path}: ${lines}`)
      return wholes
    }
    if (!lines.includes(`x-path: ${path}`)) scene.fail(`${path}: answered by another: ${lines}`)
    const { body, taken, isWhole } = lines.includes('transfer-encoding: chunked')
      ? parseChunked(rest)
      : parsePlain(rest, plan.framing === 'length' ? response.length : undefined)
    if (!response.subarray(0, body.length).equals(body)) scene.fail(`${path}: ${body.length} wrong bytes`)
    if (plan.framing === 'chunked' && isWhole && body.length < response.length) scene.fail(`${path}: wrongly whole`)
    wholes.push(isWhole && body.length === response.length)
    rest = rest.subarray(taken)
    if (plan.close && rest.length > 0 && isWhole) scene.fail(`${path}: ${rest.length} bytes after Connection: close`)
  }
  return wholes
}

interface Parsed {
  readonly body: Buffer
  readonly taken: number
  readonly isWhole: boolean
}

function parsePlain(bytes: Buffer, length = bytes.length): Parsed {
  const body = bytes.subarray(0, length)
  return { body, taken: body.length, isWhole: body.length === length }
}

function parseChunked(bytes: Buffer): Parsed {
  const pieces: Buffer[] = []
  for (let at = 0; ; ) {
    const line = bytes.indexOf('\r\n', at)
    const length = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16)
    const start = line + 2
    if (line >= 0 && length > 0) pieces.push(bytes.subarray(start, start + length))
    if (line < 0 || start + length + 2 > bytes.length) {
      return { body: Buffer.concat(pieces), taken: bytes.length, isWhole: false }
    }
    at = start + length + 2
    if (length === 0) return { body: Buffer.concat(pieces), taken: at, isWhole: true }
  }
}
