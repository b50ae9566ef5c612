/** A TCP relay that cuts connections off: after so many bytes of one side the other gets a FIN or a RST instead. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Cut } from './plan.js'
import { listen } from './ports.js'

export class Cutter {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  static async open(target: number, cuts: readonly (Cut | undefined)[]): Promise<Cutter> {
    let count = 0
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (toClient) => {
      cutter.#relay(toClient, target, cuts[count++ % cuts.length])
    })
    const cutter = new Cutter(server, await listen(server))
    return cutter
  }

  private constructor(server: Server, port: number) {
    this.#server = server
    this.port = port
  }

  /** Ends all that is left, and takes no more. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.on('connection', (socket) => socket.destroy())
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }

  #relay(toClient: Socket, port: number, cut: Cut | undefined): void {
    const toServer = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true })
    for (const socket of [toClient, toServer]) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => this.#sockets.delete(socket))
    }
    pass(toClient, toServer, cut?.from === 'client' ? cut : undefined)
    pass(toServer, toClient, cut?.from === 'server' ? cut : undefined)
  }
}

function pass(source: Socket, target: Socket, cut: Cut | undefined): void {
  let left = cut?.after ?? Number.POSITIVE_INFINITY
  source.on('data', (bytes) => {
    if (left <= 0) return
    const isLast = bytes.length >= left
    const passed = isLast ? bytes.subarray(0, left) : bytes
    left -= passed.length
    if (!target.writable) return
    if (!isLast) {
      if (!target.write(passed)) source.pause()
    } else if (cut?.how === 'rst') {
      target.write(passed, () => reset(target))
    } else target.end(passed)
  })
  source.on('end', () => {
    if (target.writable) target.end()
  })
  // An error is a RST, or nothing that matters.
  source.on('error', () => reset(target))
  target.on('drain', () => source.resume())
  target.on('close', () => source.resume())
}

/** Sends a RST. In the middle of sending FIN a socket cannot be reset: Node would leave its handle open for ever. */
export function reset(socket: Socket, isEnding = socket.writableEnded): void {
  if (socket.destroyed) return
  if (isEnding) socket.destroy()
  else socket.resetAndDestroy()
}
