/** Node's own ways of closing. Nothing of the package may be imported here. */
import type tls from 'node:tls'
import type { StockWay } from './situations.js'
import type { Closer } from './way.js'

export function stockCloser(way: StockWay): Closer {
  return {
    control() {},
    watch: () => Promise.resolve(undefined),
    close: (socket) => close(socket, way),
  }
}

function close(socket: tls.TLSSocket, way: StockWay): void {
  switch (way) {
    case 'destroy()':
      socket.destroy()
      break
    case 'destroySoon()':
      socket.destroySoon()
      break
    case 'end()':
      socket.end()
      break
    case 'https':
      throw new Error('An https server closes by itself')
  }
}
