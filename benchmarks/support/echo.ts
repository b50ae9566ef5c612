import { once } from 'node:events'
import net from 'node:net'
import { performance } from 'node:perf_hooks'

/** A TCP server that sends back what comes. */
export function createEchoServer(): net.Server {
  return net.createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    socket.pipe(socket)
  })
}

/** One TCP connection to an echo server, to measure the RTT of the path between. */
export class EchoProbe {
  readonly #socket: net.Socket

  private constructor(socket: net.Socket) {
    this.#socket = socket
  }

  static async connect(port: number, signal: AbortSignal, host = '127.0.0.1'): Promise<EchoProbe> {
    const socket = net.connect({ host, port, noDelay: true })
    try {
      await once(socket, 'connect', { signal })
    } catch (error) {
      socket.destroy()
      throw error
    }
    return new EchoProbe(socket)
  }

  /** Sends one byte and returns the ms until it is back. One at a time. */
  async measure(signal: AbortSignal): Promise<number> {
    const back = once(this.#socket, 'data', { signal })
    const started = performance.now()
    this.#socket.write('.')
    await back
    return performance.now() - started
  }

  close(): void {
    this.#socket.on('error', () => {})
    this.#socket.destroy()
  }
}
