// Two Ssl objects that talk, with what an observer of the wire would have of it: the bytes in order, and the key log.
import { Forger } from '../../../dist/lib/lab/wire/forger.js'

const other = { client: 'server', server: 'client' }

/** Nothing moves by itself. `forges`: records can be forged, and what is written passes through what forges them. */
export class Conversation {
  chunks = []
  keylog = []
  events = { client: [], server: [] }
  /** The last session that a client was given, as DER. */
  session
  #ends

  constructor(contexts, { client = {}, server = {} } = {}, forges = false) {
    const end = (side, options) => ({
      ssl: contexts[side].createSsl({ trace: true, ...options }),
      forger: forges ? new Forger(side) : undefined,
      outgoing: [],
    })
    this.#ends = { client: end('client', client), server: end('server', server) }
  }

  ssl(side) {
    return this.#ends[side].ssl
  }

  /** Calls something of one side, and keeps what it wrote for the next move. */
  act(side, call) {
    const { ssl, forger, outgoing } = this.#ends[side]
    const result = call(ssl)
    for (const event of ssl.takeEvents()) this.#note(side, event)
    const bytes = ssl.transmit()
    if (bytes.length > 0) outgoing.push(forger?.sent(bytes) ?? bytes)
    return result
  }

  /** A record that no SSL sends by itself. */
  forge(side, { level, name }) {
    const { forger, outgoing } = this.#ends[side]
    outgoing.push(forger.forge({ type: 'alert', level, name }))
    this.events[side].push(`sent alert ${level} ${name}`)
  }

  /** Changes the last byte that one side wrote. */
  damage(side) {
    const bytes = this.#ends[side].outgoing.at(-1)
    bytes[bytes.length - 1] ^= 1
  }

  /** All that one side wrote, to the other, which does not read it yet. Returns how many bytes. */
  move(from) {
    const bytes = Buffer.concat(this.#ends[from].outgoing.splice(0))
    if (bytes.length === 0) return 0
    this.chunks.push({ from, hex: bytes.toString('hex') })
    const { ssl, forger } = this.#ends[other[from]]
    forger?.received(bytes)
    ssl.receive(bytes)
    return bytes.length
  }

  handshake() {
    do {
      for (const side of ['client', 'server']) this.act(side, (ssl) => ssl.doHandshake())
    } while (this.move('client') + this.move('server') > 0)
    return this
  }

  connect() {
    this.handshake().settle()
    if (this.ssl('client').inInit() || this.ssl('server').inInit()) throw new Error('The handshake was not completed')
    return this
  }

  say(side, text) {
    this.act(side, (ssl) => ssl.write(Buffer.from(text)))
  }

  /** As `say`, and the other reads it. */
  deliver(side, text) {
    this.say(side, text)
    this.settle()
  }

  /** Its close_notify, and nobody reads. */
  shutdown(side) {
    this.act(side, (ssl) => ssl.shutdown())
  }

  /** Both close, one behind the other. */
  close(first = 'client') {
    this.closeOneWay(first)
    this.closeOneWay(other[first])
  }

  closeOneWay(side) {
    this.shutdown(side)
    this.settle()
  }

  /** Both read until nothing is on its way. */
  settle() {
    do {
      for (const side of ['client', 'server']) this.#readAll(side)
    } while (this.move('client') + this.move('server') > 0)
  }

  free() {
    for (const { ssl } of Object.values(this.#ends)) ssl.free()
  }

  #readAll(side) {
    // Some releases interrupt reading behind a warning, with an error that says nothing.
    for (let left = Number.POSITIVE_INFINITY; ; ) {
      if (this.act(side, (ssl) => ssl.read()).value > 0) continue
      const pending = this.ssl(side).inputPending()
      if (pending === 0 || pending >= left) return
      left = pending
    }
  }

  #note(side, event) {
    switch (event.type) {
      case 'keylog':
        this.keylog.push(event.line)
        for (const { forger } of Object.values(this.#ends)) forger?.keylog(event.line)
        return
      case 'new_session':
        this.session = event.der ?? this.session
        return
      case 'alert':
        this.events[side].push(`${event.direction} alert ${event.level} ${event.name}`)
        return
      case 'handshake':
        this.events[side].push(`${event.direction} handshake ${event.message}`)
        return
      default:
        this.events[side].push(`${event.direction} ${event.type}`)
    }
  }
}
