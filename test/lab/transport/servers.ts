/** Plain TCP servers that say what a test wants, and what came of their connections. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import tls from 'node:tls'
import { onTestFinished } from 'vitest'
import { certificate } from '../../support/certificate.js'
import { once, readExactly, turns } from '../../support/streams.js'

export interface PlainServer {
  readonly port: number
  /** Connections so far, those that have ended among them. */
  readonly count: () => number
  /** Resolves when every connection so far has ended at the server, too. */
  readonly allClosed: () => Promise<void>
}

/** A client that says something wrong fails the test; one that leaves early is the test's own affair. */
export async function plainServer(serve: (socket: Socket) => unknown): Promise<PlainServer> {
  const mistakes: WrongBytes[] = []
  const failed = (socket: Socket, error: unknown) => {
    if (error instanceof WrongBytes) mistakes.push(error)
    socket.destroy()
  }
  const closed: Promise<void>[] = []
  const open = new Set<Socket>()
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    open.add(socket)
    closed.push(new Promise((resolve) => socket.once('close', () => resolve())))
    socket.once('close', () => open.delete(socket)).on('error', () => {})
    void Promise.resolve()
      .then(() => serve(socket))
      .catch((error: unknown) => failed(socket, error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    const gone = once(server, 'close')
    server.close()
    for (const socket of open) socket.destroy()
    await gone
    for (const mistake of mistakes) throw mistake
  })
  return {
    port: portOf(server.address()),
    count: () => closed.length,
    allClosed: async () => {
      await Promise.all(closed)
    },
  }
}

export function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  return address.port
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server.address())
  const gone = once(server, 'close')
  server.close()
  await gone
  return port
}

/** Ends a connection at the server as soon as its client does, reading whatever comes. */
export function drain(socket: Socket): void {
  socket.on('end', () => socket.end()).resume()
}

/** All in one write, or every byte in one of its own. */
export type Cut = 'whole' | 'byte by byte'

export async function send(socket: Socket, bytes: Buffer, cut: Cut = 'whole'): Promise<void> {
  if (cut === 'whole') socket.write(bytes)
  else {
    for (const byte of bytes) {
      socket.write(Buffer.of(byte))
      await turns(1)
    }
  }
}

export async function expectBytes(socket: Socket, expected: Buffer): Promise<void> {
  const received = await readExactly(socket, expected.length)
  if (received.equals(expected)) return
  throw new WrongBytes(`Expected ${expected.toString('latin1')} but received ${received.toString('latin1')}`)
}

class WrongBytes extends Error {}

/** TLS from now on: what comes goes back. */
export function echoOverTls(socket: Socket): void {
  const { key, cert } = certificate
  const secure = new tls.TLSSocket(socket, { isServer: true, secureContext: tls.createSecureContext({ key, cert }) })
  secure.on('error', () => socket.destroy())
  secure.pipe(secure)
}

/** What a server that echoes gives back for some text, over TLS on a socket that was opened for it. */
export async function echoed(socket: Socket, text: string): Promise<string> {
  const secure = tls.connect({ socket, servername: 'localhost', ca: certificate.cert })
  try {
    await once(secure, 'secureConnect')
    secure.write(text)
    const answer = await readExactly(secure, Buffer.byteLength(text))
    return answer.toString()
  } finally {
    secure.destroy()
  }
}

/** The listeners of a socket, by their events: to be compared with those of one that nobody has used. */
export function listenersOf(socket: Socket): Readonly<Record<string, number>> {
  return Object.fromEntries(socket.eventNames().map((name) => [String(name), socket.listenerCount(name)]))
}

/** Those of a socket that was connected, and no more. */
export async function listenersOfConnected(port: number): Promise<Readonly<Record<string, number>>> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  const listeners = listenersOf(socket)
  socket.destroy()
  return listeners
}
