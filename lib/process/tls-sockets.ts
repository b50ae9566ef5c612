// Every TLS socket that this thread makes, whoever makes it: tls.connect() and what has kept it from before, agents, undici,
// servers, `new TLSSocket()`. All of them run _init() in Node's constructor.
import { TLSSocket } from 'node:tls'
import { ClosureError } from '../errors.js'
import { replaceRemovably } from '../closure/stand-ins.js'

/**
 * Calls back with each socket at the end of Node's constructor; returns the function that ends this. Throws
 * ERR_CLOSURE_UNSUPPORTED_RUNTIME where Node has another constructor.
 */
export function watchTlsSockets(made: (socket: TLSSocket) => void): () => void {
  if (typeof Reflect.get(TLSSocket.prototype, '_init') !== 'function') {
    const message = "This runtime's TLSSocket has no method _init(), by which all of its sockets would be known"
    throw new ClosureError('ERR_CLOSURE_UNSUPPORTED_RUNTIME', message)
  }
  let isWatching = true
  const replaced = replaceRemovably(TLSSocket.prototype, '_init', (init) => {
    return function (this: object, ...args: readonly unknown[]): unknown {
      const result: unknown = Reflect.apply(init, this, args)
      // Without arguments it is called again for a socket that takes another handle.
      if (isWatching && this instanceof TLSSocket && args.length > 0) made(this)
      return result
    }
  })
  return () => {
    // Somebody may stand on top of it, so that it cannot be taken away.
    isWatching = false
    replaced()
  }
}
