// What the examples print: what passed on the wire, and what a report says.
import { once } from 'node:events'
import net from 'node:net'

/**
 * A relay before a server that listens, which notes what passes: text line by line, records of TLS as such, FIN and RST.
 *
 *     const wire = await watch(server)
 *     net.connect(wire.port, 'localhost')
 *     ...
 *     await wire.print()
 *
 * @param {net.Server} server
 */
export async function watch(server) {
  /** @type {{ who: string, what: string }[]} */
  const seen = []
  /** @param {string} who @param {string} what */
  const note = (who, what) => {
    const last = seen.at(-1)
    if (what !== 'TLS' || last?.what !== 'TLS') seen.push({ who, what })
    else if (last.who !== who) last.who = 'both  '
  }
  /** @type {Set<Promise<void>>} */
  const open = new Set()
  const relay = net.createServer({ allowHalfOpen: true }, (client) => {
    const target = net.connect({ port: portOf(server), host: 'localhost', allowHalfOpen: true })
    for (const socket of [client, target]) open.add(new Promise((resolve) => socket.once('close', () => resolve())))
    pass(client, target, (what) => note('client', what))
    pass(target, client, (what) => note('server', what))
  })
  relay.listen(0, 'localhost')
  await once(relay, 'listening')
  return {
    port: portOf(relay),
    /** Prints what was seen since the last time, once the connections are over. */
    async print() {
      await Promise.all(open)
      console.log('on the wire:')
      for (const { who, what } of seen.splice(0)) console.log(`  ${who}  ${what}`)
    },
    close: () => void relay.close(),
  }
}

/** @param {net.Server} server */
export function portOf(server) {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a server that listens on a port')
  return address.port
}

/**
 * A report of close-notify in a line.
 *
 * @param {import('close-notify').ClosureReport} report
 */
export function summaryOf({ verdict, sent, received, tcp }) {
  return `${verdict}: sent ${sent.kind}, received ${received.kind}${tcp.kind === 'open' ? '' : `, then ${tcp.kind}`}`
}

/** @param {net.Socket} from @param {net.Socket} to @param {(what: string) => void} note */
function pass(from, to, note) {
  const read = reader(note)
  from.on('data', (bytes) => {
    read(bytes)
    to.write(bytes)
  })
  from.on('end', () => {
    note('FIN')
    to.end()
  })
  from.on('error', () => {
    note('RST')
    to.resetAndDestroy()
  })
}

// Nothing that these examples say in the clear begins with the type of a record.
const firstType = 20
const lastType = 23
const headerLength = 5

/** @param {(what: string) => void} note */
function reader(note) {
  let rest = Buffer.alloc(0)
  /** @param {Buffer} bytes */
  return (bytes) => {
    rest = Buffer.concat([rest, bytes])
    for (;;) {
      const [type] = rest
      if (type === undefined) return
      const isRecord = type >= firstType && type <= lastType
      if (isRecord && rest.length < headerLength) return
      const length = isRecord ? headerLength + rest.readUInt16BE(3) : rest.indexOf('\n') + 1
      if (length === 0 || rest.length < length) return
      note(isRecord ? 'TLS' : rest.subarray(0, length).toString().trimEnd())
      rest = rest.subarray(length)
    }
  }
}
