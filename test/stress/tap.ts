/**
 * A TCP relay for one connection that reads what each side sent to its very end, also when nobody is left to pass it
 * on to, and decrypts it. (The relay of `test/support` resets a side whose peer was reset, as a network does, and then
 * cannot tell what that side's kernel had accepted before.)
 */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { KeyLog } from '../../lib/tls/keys.js'
import { Decoder, Framer, Session, type RawRecord, type Side } from '../../lib/tls/records.js'

/** The output of one side on the wire. */
export interface Sent {
  /** Bytes of application data, and how many of them came before and after its close_notify. */
  data: number
  beforeCloseNotify: number
  afterCloseNotify: number
  closeNotifies: number
  otherAlerts: string[]
  undecryptable: number
  /**
   * How this side ended TCP: `fin-or-rst` where the two cannot be told apart, `cut` when the tap itself ended it with a
   * RST, so that what it sent last is unknown.
   */
  end: 'open' | 'fin' | 'rst' | 'fin-or-rst' | 'cut'
  /** When the RST of the cut had gone for certain, in ms of `performance.now()`. */
  cutAt: number | undefined
}

export interface TapOptions {
  readonly port: number
  readonly delay: number
  readonly resetsPass: boolean
  /** Is given all application data in order; what it returns is a complaint. */
  readonly onData: (from: Side, bytes: Buffer) => void
}

export class Tap {
  readonly port: number
  readonly keys = new KeyLog()
  /** Both sides have ended TCP, or are cut. */
  readonly finished: Promise<void>
  readonly #server: Server
  readonly #sockets: Socket[] = []
  readonly #directions: Direction[] = []
  #finish: () => void = () => undefined

  static async open(options: TapOptions): Promise<Tap> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Tap(server, options)
  }

  private constructor(server: Server, options: TapOptions) {
    this.#server = server
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
    this.port = address.port
    this.finished = new Promise((resolve) => {
      this.#finish = resolve
    })
    server.once('connection', (toClient) => this.#relay(toClient, options))
  }

  /** The output of a side; undefined when nobody has connected. */
  sent(from: Side): Sent | undefined {
    return this.#directions.find((direction) => direction.from === from)?.sent
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }

  #relay(toClient: Socket, options: TapOptions): void {
    const toServer = connect({ host: '127.0.0.1', port: options.port, allowHalfOpen: true, noDelay: true })
    this.#sockets.push(toClient, toServer)
    const session = new Session(this.keys)
    const drain = () => {
      for (const direction of this.#directions) direction.drain()
      if (this.#directions.every((direction) => direction.sent.end !== 'open')) this.#finish()
    }
    this.#directions.push(
      new Direction('client', toClient, toServer, session, options, drain),
      new Direction('server', toServer, toClient, session, options, drain),
    )
    this.keys.onAdd(drain)
    toClient.resume()
  }
}

class Direction {
  readonly from: Side
  readonly sent: Sent = {
    data: 0,
    beforeCloseNotify: 0,
    afterCloseNotify: 0,
    closeNotifies: 0,
    otherAlerts: [],
    undecryptable: 0,
    end: 'open',
    cutAt: undefined,
  }
  readonly #source: Socket
  readonly #target: Socket
  readonly #decoder: Decoder
  readonly #framer = new Framer()
  readonly #options: TapOptions
  readonly #onProgress: () => void
  #pending: RawRecord[] = []
  // Waiting for a quiet moment of the source to reset it.
  #cutTimer: NodeJS.Timeout | undefined

  constructor(
    from: Side,
    source: Socket,
    target: Socket,
    session: Session,
    options: TapOptions,
    onProgress: () => void,
  ) {
    this.from = from
    this.#source = source
    this.#target = target
    this.#decoder = new Decoder(from, session)
    this.#options = options
    this.#onProgress = onProgress
    source.on('data', (bytes) => this.#read(bytes))
    source.on('end', () => {
      // When a RST comes right behind bytes, libuv tells an end, as after a FIN; an empty write tells the two apart.
      if (source.writable) source.write('', (error) => this.#end(error == null ? 'fin' : 'rst'))
      else this.#end('fin-or-rst')
      this.#later(() => {
        if (target.writable) target.end()
      })
    })
    source.on('error', () => this.#end('rst'))
    target.on('drain', () => source.resume())
    // The receiver is gone: the tap reads on, to know what was sent.
    target.on('close', () => source.resume())
    target.on('error', () => this.#receiverReset())
  }

  drain(): void {
    for (let record = this.#pending[0]; record !== undefined; record = this.#pending[0]) {
      const decoded = this.#decoder.decode(record)
      if (decoded === 'no-keys') return
      this.#pending.shift()
      const { content } = decoded
      const { sent } = this
      if (content.kind === 'undecryptable') sent.undecryptable++
      if (content.kind === 'data') {
        sent.data += content.bytes.length
        if (sent.closeNotifies === 0) sent.beforeCloseNotify += content.bytes.length
        else sent.afterCloseNotify += content.bytes.length
        this.#options.onData(this.from, content.bytes)
      }
      if (content.kind === 'alert' && content.name === 'close_notify') sent.closeNotifies++
      else if (content.kind === 'alert') sent.otherAlerts.push(`${content.level} ${content.name}`)
    }
  }

  #read(bytes: Buffer): void {
    this.#cutTimer?.refresh()
    for (const piece of this.#framer.push(bytes)) if (piece.kind === 'record') this.#pending.push(piece.record)
    this.#onProgress()
    this.#later(() => {
      if (this.#target.writable && !this.#target.write(bytes)) this.#source.pause()
    })
  }

  #end(how: Exclude<Sent['end'], 'open'>): void {
    if (this.sent.end === 'open') this.sent.end = how
    this.#onProgress()
  }

  #receiverReset(): void {
    this.#source.resume()
    if (this.sent.end !== 'open') return
    if (!this.#options.resetsPass) {
      this.#later(() => {
        if (this.#source.writable) this.#source.end()
      })
      return
    }
    this.#cutTimer ??= setTimeout(() => {
      if (this.sent.end !== 'open') return
      // In the middle of sending FIN a socket cannot be reset: Node would leave its handle open for ever.
      if (this.#source.writableEnded && !this.#source.writableFinished) this.#source.destroy()
      else {
        // Node sends all that is still to be written and a FIN first: the RST goes turns later.
        this.#source.resetAndDestroy()
        this.#source.once('close', () => {
          this.sent.cutAt = performance.now()
        })
      }
      this.#end('cut')
    }, 10)
  }

  // Timers of one duration keep their order.
  #later(action: () => void): void {
    if (this.#options.delay === 0) action()
    else setTimeout(action, this.#options.delay)
  }
}
