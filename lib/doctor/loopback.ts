/** Servers and connections over loopback, all of which are closed again. */
import { type EventEmitter, once } from 'node:events'
import { type AddressInfo, connect, createServer, type LookupFunction, type Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

/** Where a connection of the doctor goes to: by a name, and without asking a resolver. */
export function toLocalhost(server: Server) {
  const lookup: LookupFunction = (_host, options, callback) => {
    if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }])
    else callback(null, '127.0.0.1', 4)
  }
  return { host: 'localhost', servername: 'localhost', port: portOf(server), lookup }
}

export function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Why there can be no connection over loopback; undefined where there can. */
export async function loopbackFailure(): Promise<Error | undefined> {
  try {
    await withCleanup(async (cleanup) => {
      const server = cleanup.server(createServer()).listen(0, '127.0.0.1')
      await heard(server, 'listening')
      await heard(cleanup.stream(connect(portOf(server), '127.0.0.1')), 'connect')
    })
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** What an event brings; its error where it fails. */
export async function heard(emitter: EventEmitter, event: string): Promise<readonly unknown[]> {
  const values: readonly unknown[] = await once(emitter, event)
  return values
}

/** What has been opened, and is closed in the end. */
export class Cleanup {
  readonly #acts: (() => void)[] = []

  later(act: () => void): void {
    this.#acts.push(act)
  }

  /** Its errors are none of ours: what is looked for is looked for on purpose. */
  stream<T extends Duplex>(stream: T): T {
    stream.on('error', () => undefined)
    this.later(() => stream.destroy())
    return stream
  }

  /** With the connections that it accepts. */
  server<T extends Server>(server: T): T {
    const accepted: Socket[] = []
    this.#accepted.set(server, accepted)
    const take = (socket: unknown): void => {
      if (socket instanceof Socket) accepted.push(this.stream(socket))
    }
    server.on('connection', take)
    server.on('secureConnection', (socket: unknown) => {
      take(socket)
    })
    this.later(() => void server.close())
    return server
  }

  readonly #accepted = new Map<Server, Socket[]>()

  /** The connections that a server has accepted, those whose handshake is done last. */
  sockets(server: Server): readonly Socket[] {
    return [...(this.#accepted.get(server) ?? [])].reverse()
  }

  run(): void {
    for (const act of this.#acts.splice(0).reverse()) act()
  }
}

/** In ms. Over loopback all of it takes a hundredth of that; without a limit, something that is broken would take for ever. */
const patience = 5000

/** Runs something within a limit of time, and closes what it has opened. */
export async function withCleanup<T>(run: (cleanup: Cleanup) => Promise<T>): Promise<T> {
  const cleanup = new Cleanup()
  const limit = new AbortController()
  const late = sleep(patience, undefined, { signal: limit.signal }).then((): never => {
    throw new Error(`nothing came for ${patience} ms`)
  })
  late.catch(() => undefined)
  try {
    return await Promise.race([run(cleanup), late])
  } finally {
    limit.abort()
    cleanup.run()
  }
}
