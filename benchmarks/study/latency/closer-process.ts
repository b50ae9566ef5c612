/**
 * A closer in Node: `node` closes by what stock Node has and never loads the package, `close-notify` by the package,
 * `stream` has the package's own TLS, and closes by it. It speaks the same commands as closer.c and closer.py:
 *
 * - `open HOST PORT PROTOCOL`: connects, and answers with a number when a byte of the peer has come;
 * - `close ID WAY NAME BYTES WAIT`: writes BYTES bytes that begin with NAME and closes in the same turn. It answers when the
 *   file descriptor is gone with `T0 DONE CLOSED RESULT`, in ns of the monotonic clock: the call, nothing left to send
 *   or to wait for, the descriptor gone. CLOSED is "-" where the closer had to destroy a socket that the peer kept open.
 */
import { once } from 'node:events'
import process from 'node:process'
import type { Duplex } from 'node:stream'
import { certificate } from '../../support/certificate.js'
import { serveParent } from '../../support/child-side.js'
import { grace } from './sides.js'
import type { Protocol } from './sides.js'

/** What Node's sockets and streams of our own have in common, as far as a closer needs it. */
export interface Connection extends Duplex {
  setNoDelay(on: boolean): unknown
}

/** Begins to close a connection whose last words are `payload`, waiting for the peer for at most `wait` ms. */
export type Begin<Socket extends Connection> = (socket: Socket, payload: Buffer, wait: number) => Closing

export interface Closing {
  /** Resolves when nothing is left to send or to wait for. */
  readonly done: Promise<void>
  /** A word for how it ended, asked for when the socket is closed. */
  readonly result: () => Promise<string> | string
}

/** Where to connect to, and whom to take for the peer: options of connect(), of node:tls and of our own. */
export interface Destination {
  readonly host: string
  readonly port: number
  readonly servername: string
  readonly ca: string
  readonly minVersion: Protocol
  readonly maxVersion: Protocol
}

export interface Ways<Socket extends Connection> {
  readonly connect: (destination: Destination) => Socket
  /** What is made of a new connection, outside of the time that is measured. */
  readonly prepare?: (socket: Socket) => void
  readonly begin: Readonly<Record<string, Begin<Socket>>>
}

const [, , kind = ''] = process.argv
switch (kind) {
  case 'node':
    serve((await import('./node-ways.js')).ways)
    break
  case 'close-notify':
    serve((await import('./close-notify-ways.js')).ways)
    break
  case 'stream':
    serve((await import('./stream-ways.js')).ways)
    break
  default:
    throw new Error(`Expected a kind of closer but received "${kind}"`)
}

function serve<Socket extends Connection>(ways: Ways<Socket>): void {
  const sockets = new Map<string, Socket>()
  let opened = 0
  serveParent([], {
    async open(host = '', port = '', protocol = '') {
      const version = protocol === 'TLSv1.2' ? 'TLSv1.2' : 'TLSv1.3'
      const versions = { minVersion: version, maxVersion: version } as const
      const peer = { host, port: Number(port), servername: 'localhost', ca: certificate }
      const socket = ways.connect({ ...peer, ...versions })
      socket.setNoDelay(true)
      await once(socket, 'data')
      socket.on('error', () => {})
      ways.prepare?.(socket)
      socket.resume()
      opened += 1
      sockets.set(String(opened), socket)
      return String(opened)
    },
    async close(id = '', way = '', name = '', bytes = '', wait = '') {
      const socket = sockets.get(id)
      const begin = ways.begin[way]
      if (socket === undefined || begin === undefined) {
        throw new Error(`Expected a connection and a way, not ${id} ${way}`)
      }
      sockets.delete(id)
      const payload = Buffer.alloc(Number(bytes), 'x')
      payload.write(`${name}\n`)
      return await close(socket, begin, payload, Number(wait))
    },
  })
}

async function close<Socket extends Connection>(
  socket: Socket,
  begin: Begin<Socket>,
  payload: Buffer,
  wait: number,
): Promise<string> {
  let forced = false
  const closed = new Promise<bigint>((resolve) => socket.once('close', () => resolve(process.hrtime.bigint())))
  const giveUp = setTimeout(() => {
    forced = true
    socket.destroy()
  }, wait + grace)
  const started = process.hrtime.bigint()
  const closing = begin(socket, payload, wait)
  const done = closing.done.then(() => process.hrtime.bigint())
  const [doneAt, closedAt] = await Promise.all([done, closed])
  clearTimeout(giveUp)
  return [started, doneAt, forced ? '-' : closedAt, await closing.result()].join(' ')
}
