/**
 * A closer in Node: `node` closes by what stock Node has and never loads the package, `close-notify` by the package. It
 * speaks the same commands as closer.c and closer.py:
 *
 * - `open HOST PORT PROTOCOL`: connects, and answers with a number when a byte of the peer has come;
 * - `close ID WAY NAME BYTES WAIT`: writes BYTES bytes that begin with NAME and closes in the same turn. It answers when the
 *   file descriptor is gone with `T0 DONE CLOSED RESULT`, in ns of the monotonic clock: the call, nothing left to send
 *   or to wait for, the descriptor gone. CLOSED is "-" where the closer had to destroy a socket that the peer kept open.
 */
import { once } from 'node:events'
import process from 'node:process'
import tls from 'node:tls'
import { certificate } from '../../support/certificate.js'
import { serveParent } from '../../support/child-side.js'
import { grace } from './sides.js'

/** Begins to close a socket whose last words are `payload`, waiting for the peer for at most `wait` ms. */
export type Begin = (socket: tls.TLSSocket, payload: Buffer, wait: number) => Closing

export interface Closing {
  /** Resolves when nothing is left to send or to wait for. */
  readonly done: Promise<void>
  /** A word for how it ended, asked for when the socket is closed. */
  readonly result: () => Promise<string> | string
}

export interface Ways {
  /** What is made of a new connection, outside of the time that is measured. */
  readonly prepare?: (socket: tls.TLSSocket) => void
  readonly begin: Readonly<Record<string, Begin>>
}

const { ways }: { ways: Ways } =
  process.argv[2] === 'node' ? await import('./node-ways.js') : await import('./close-notify-ways.js')
const sockets = new Map<string, tls.TLSSocket>()
let opened = 0

serveParent([], { open, close })

async function open(host = '', port = '', protocol = ''): Promise<string> {
  const version = protocol === 'TLSv1.2' ? 'TLSv1.2' : 'TLSv1.3'
  const socket = tls.connect({
    host,
    port: Number(port),
    servername: 'localhost',
    ca: certificate,
    minVersion: version,
    maxVersion: version,
  })
  socket.setNoDelay(true)
  await once(socket, 'data')
  socket.on('error', () => {})
  ways.prepare?.(socket)
  socket.resume()
  opened += 1
  sockets.set(String(opened), socket)
  return String(opened)
}

async function close(id = '', way = '', name = '', bytes = '', wait = ''): Promise<string> {
  const socket = sockets.get(id)
  const begin = ways.begin[way]
  if (socket === undefined || begin === undefined) throw new Error(`Expected a connection and a way, not ${id} ${way}`)
  sockets.delete(id)
  const payload = Buffer.alloc(Number(bytes), 'x')
  payload.write(`${name}\n`)
  let forced = false
  const closed = new Promise<bigint>((resolve) => socket.once('close', () => resolve(process.hrtime.bigint())))
  const giveUp = setTimeout(() => {
    forced = true
    socket.destroy()
  }, Number(wait) + grace)
  const started = process.hrtime.bigint()
  const closing = begin(socket, payload, Number(wait))
  const done = closing.done.then(() => process.hrtime.bigint())
  const [doneAt, closedAt] = await Promise.all([done, closed])
  clearTimeout(giveUp)
  return [started, doneAt, forced ? '-' : closedAt, await closing.result()].join(' ')
}
