import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

// Node takes them from a handle, which a TLSSocket over a stream of JavaScript has not.
const addresses = [
  'remoteAddress',
  'remoteFamily',
  'remotePort',
  'localAddress',
  'localFamily',
  'localPort',
] as const satisfies readonly (keyof Socket)[]

/** What a TLSSocket asks its transport for is the net.Socket's from now on; gives what takes that back. */
export function forward(socket: TLSSocket, tcp: Socket): () => void {
  const own = new Map<string, PropertyDescriptor>()
  for (const name of addresses) own.set(name, { get: () => tcp[name] })
  const methods: Readonly<Record<string, (...args: never) => unknown>> = {
    address: () => tcp.address(),
    setNoDelay: (noDelay?: boolean) => {
      tcp.setNoDelay(noDelay)
      return socket
    },
    setKeepAlive: (enable?: boolean, initialDelay?: number) => {
      tcp.setKeepAlive(enable, initialDelay)
      return socket
    },
    ref: () => {
      tcp.ref()
      return socket
    },
    unref: () => {
      tcp.unref()
      return socket
    },
  }
  for (const [name, value] of Object.entries(methods)) own.set(name, { value, writable: true })
  for (const [name, descriptor] of own) Reflect.defineProperty(socket, name, { ...descriptor, configurable: true })
  const connected = () => {
    socket.emit('connect')
  }
  tcp.once('connect', connected)
  return () => {
    tcp.off('connect', connected)
    for (const name of own.keys()) Reflect.deleteProperty(socket, name)
  }
}
