/** What both clients, the peer's and the closer's, have in common: no module of the package is imported here. */
import { once } from 'node:events'
import tls from 'node:tls'
import { certificate } from '../../support/certificate.js'
import type { Protocol } from './situations.js'

/** The client's end of one run, and what it may resume afterwards. */
export class ClientEnd {
  readonly socket: tls.TLSSocket
  readonly #options: tls.ConnectionOptions
  #tickets = 0
  #session: Buffer | undefined

  /** The run's number goes along as the server name: the only word that reaches a server before any data does. */
  constructor(host: string, port: number, run: string, protocol: Protocol) {
    this.#options = {
      host,
      port,
      servername: `run-${run}`,
      ca: certificate,
      checkServerIdentity: () => undefined,
      minVersion: protocol,
      maxVersion: protocol,
    }
    this.socket = tls.connect(this.#options).setNoDelay(true)
    this.socket.on('session', (session: Buffer) => {
      this.#tickets += 1
      this.#session = session
    })
  }

  /** Sessions that Node has offered for keeping: in TLS 1.3 one for each ticket that was read. */
  get tickets(): number {
    return this.#tickets
  }

  /** Connects once more, with the session if there is one, and resolves with whether that was resumed. */
  async resumes(): Promise<boolean> {
    const socket = tls.connect({ ...this.#options, ...(this.#session && { session: this.#session }) })
    socket.on('error', () => {})
    await once(socket, 'secureConnect')
    const resumed = socket.isSessionReused()
    socket.resume().end()
    await closed(socket)
    return resumed
  }
}

/**
 * The number of the run that a server's connection belongs to; undefined for one that resumes in TLS 1.2, of which Node
 * does not tell the name.
 */
export function runOf(socket: tls.TLSSocket): string | undefined {
  const name: unknown = 'servername' in socket ? socket.servername : undefined
  return typeof name === 'string' && name.startsWith('run-') ? name.slice('run-'.length) : undefined
}

export async function closed(socket: tls.TLSSocket): Promise<void> {
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()))
}

/** What the application of one side has read, and how that ended. */
export class Reading {
  #bytes = 0
  #failure = 'none'

  constructor(socket: tls.TLSSocket) {
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure = isReset(error) ? 'reset' : (error.code ?? error.message).replaceAll(' ', '-')
    })
  }

  add(data: Buffer): void {
    this.#bytes += data.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** 'none', 'reset', or the code of an error that is none. */
  get failure(): string {
    return this.#failure
  }
}

/**
 * Whether the kernel told of a RST: ECONNRESET, or EPIPE where a FIN had come before it. Without the name of a system
 * call both codes are Node's own: for a connection that ended in the handshake, for a write after the end.
 */
function isReset({ code, syscall }: NodeJS.ErrnoException): boolean {
  return syscall !== undefined && (code === 'ECONNRESET' || code === 'EPIPE')
}
