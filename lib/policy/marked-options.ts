// Sockets that a library makes by tls.connect() from options that a program has given it. The options are copied on their
// way and the library hands out the socket late or never, but what they carry arrives at tls.connect(), with the socket.
import tls, { TLSSocket } from 'node:tls'
import { wrapMethod } from '../closure/stand-ins.js'

/** Is given each socket that tls.connect() makes from marked options, before its handshake. */
type Take = (socket: TLSSocket) => void

const mark = Symbol('close-notify')

/** The same options, marked; every copy of them is too. */
export function markOptions<Options extends object>(options: Options, take: Take): Options {
  watchConnect()
  return { ...options, [mark]: take }
}

let isWatching = false

// undici and the others look up `connect` on the module at each call. It stays for the life of the process: one look at a
// symbol, which nobody else's options have.
function watchConnect(): void {
  if (isWatching) return
  isWatching = true
  wrapMethod(tls, 'connect', (previous, args) => {
    const made = previous(args)
    const take = takeOf(args[0])
    if (take !== undefined && made instanceof TLSSocket) take(made)
    return made
  })
}

function takeOf(options: unknown): Take | undefined {
  if (typeof options !== 'object' || options === null) return undefined
  const take: unknown = Reflect.get(options, mark)
  return isTake(take) ? take : undefined
}

function isTake(value: unknown): value is Take {
  return typeof value === 'function'
}
