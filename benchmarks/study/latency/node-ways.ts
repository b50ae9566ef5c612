/** Stock Node: this module and what it imports never load the package. */
import tls from 'node:tls'
import type { Closing, Ways } from './closer-process.js'

export const ways: Ways<tls.TLSSocket> = {
  connect: (destination) => tls.connect(destination),
  begin: {
    end(socket, payload) {
      const done = finished(socket)
      socket.end(payload)
      return { done, result: () => 'ended' }
    },
    destroy(socket, payload): Closing {
      socket.write(payload)
      socket.destroy()
      return { done: Promise.resolve(), result: () => 'destroyed' }
    },
  },
}

/** 'finish': what was written, close_notify and FIN are with the kernel. A socket that was destroyed has only 'close'. */
export function finished(socket: tls.TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('finish', resolve)
    socket.once('close', () => resolve())
  })
}
