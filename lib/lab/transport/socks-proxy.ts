/**
 * A connection by a SOCKS5 proxy (RFC 1928, RFC 1929). The package `socks` speaks, and is loaded when it is needed; it
 * does so on a stream of ours, which hands it the proxy's bytes one by one: so it takes none that are the target's. Its
 * own limit of 30 s for the exchange holds besides the caller's.
 */
import { Duplex } from 'node:stream'
import { describeLacks, installCommand, lackingLibraries } from '../libraries.js'
import { printable, TransportFailure } from './failure.js'
import { Incoming } from './incoming.js'
import type { Opening } from './opening.js'
import type { ProxyAddress } from './proxy-address.js'
import type { HostAndPort } from './target.js'

type Socks = typeof import('socks')
type Tunnel = (opening: Opening, destination: HostAndPort, proxy: ProxyAddress) => Promise<void>

/** What comes behind the proxy's answer is the target's, and stays in the socket. */
export async function socksTunnel(): Promise<Tunnel> {
  const socks = await library()
  return (opening, destination, proxy) => connectBySocks(socks, opening, destination, proxy)
}

async function library(): Promise<Socks> {
  try {
    return await import('socks')
  } catch (error) {
    const lacks = lackingLibraries().filter(({ library }) => library === 'socks')
    if (lacks.length === 0) throw error
    const detail = `SOCKS needs a library (${describeLacks(lacks)}), run: ${installCommand(lacks)}`
    throw new TransportFailure('proxy', { detail, cause: error })
  }
}

async function connectBySocks(
  { SocksClient }: Socks,
  opening: Opening,
  destination: HostAndPort,
  { host, port, credentials }: ProxyAddress,
): Promise<void> {
  const stream = new ProxyStream((bytes) => opening.socket.write(bytes))
  const incoming = new Incoming(opening)
  let isConnected = false
  try {
    void SocksClient.createConnection(
      {
        command: 'connect',
        destination: { ...destination },
        existing_socket: stream,
        proxy: {
          host,
          port,
          type: 5,
          ...(credentials !== undefined && { userId: credentials.user, password: credentials.password }),
        },
      },
      // Called where the proxy's last byte is read. The error holds the password: its text is enough.
      (error) => {
        if (error === null) isConnected = true
        else opening.fail(new TransportFailure('proxy', { detail: printable(error.message) }))
      },
    )
    for (;;) {
      const chunk = await incoming.read()
      if (chunk === undefined) throw new TransportFailure('proxy', { detail: 'it ended the connection' })
      let taken = 0
      while (!isConnected && taken < chunk.length) stream.emit('data', chunk.subarray(taken, ++taken))
      if (isConnected) {
        incoming.stop(chunk.subarray(taken))
        return
      }
    }
  } finally {
    stream.destroy()
  }
}

/** The proxy as `socks` sees it: it reads by the event 'data' alone. */
class ProxyStream extends Duplex {
  #send: (bytes: Buffer) => void

  constructor(send: (bytes: Buffer) => void) {
    super()
    this.#send = send
  }

  override _read(): void {
    // What it reads is emitted as it comes.
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#send(bytes)
    callback()
  }

  // The timer of `socks` is not cleared, and holds this stream for a while: not the socket, too.
  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#send = () => {}
    callback(error)
  }
}
