/** Clients on http2: every lane is a session, and its exchanges are streams of it at once. */
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Clients } from './clients.js'
import { type Exchange, ignore, Incoming, read, writePieces } from './scene.js'
import { checkTruncationError, closed, connectLane, everyLane } from './tls-client.js'

export async function runHttp2(clients: Clients): Promise<void> {
  const { scene, port } = clients
  const sessions = new Set<ClientHttp2Session>()
  clients.destroyAll = () => {
    for (const session of sessions) session.destroy()
  }
  await everyLane(clients, async (lane, number) => {
    const socket = connectLane(clients, { ...lane, clientEnding: { how: 'end', after: 0 } }, ['h2'])
    const session = http2.connect(`https://localhost:${port}`, { createConnection: () => socket })
    sessions.add(session)
    session.on('error', ignore)
    session.once('close', () => sessions.delete(session))
    const exchanges = scene.lanes[number] ?? []
    const streams = await new Promise<Promise<void>[]>((resolve) => {
      session.once('close', () => resolve([]))
      session.once('connect', () => {
        resolve(exchanges.map((exchange) => new Stream(clients, session, socket, exchange).settled))
      })
    })
    await scene.track(`streams ${number}`, Promise.all(streams))
    session.close()
    await scene.track(`lane ${number}`, closed(socket))
  })
}

// Those that a program of ours has destroyed: the streams on them end, as in stock Node.
const destroyed = new WeakSet<TLSSocket>()

class Stream {
  readonly settled: Promise<void>
  readonly #clients: Clients
  readonly #socket: TLSSocket
  readonly #exchange: Exchange
  readonly #stream: ClientHttp2Stream
  readonly #incoming: Incoming
  #hasEnded = false
  #isDemanded = false
  #hasActed = false
  #error: Error | undefined

  constructor(clients: Clients, session: ClientHttp2Session, socket: TLSSocket, exchange: Exchange) {
    const { scene, controls } = clients
    const { path, upload, plan, response } = exchange
    this.#clients = clients
    this.#socket = socket
    this.#exchange = exchange
    this.#incoming = new Incoming(scene, path, response)
    const method = upload.length === 0 ? 'GET' : 'POST'
    this.#stream = session.request({ ':path': path, ':method': method }, { endStream: upload.length === 0 })
    const stream = this.#stream
    stream.on('error', (error: Error) => {
      this.#error = error
    })
    stream.once('end', () => {
      this.#hasActed ||= clients.hasDestroyedAll || destroyed.has(socket)
      this.#hasEnded = true
      this.#isDemanded = controls.controls(socket) && controls.demands(socket)
    })
    const forget = scene.onAbandon(() => {
      this.#hasActed = true
      stream.destroy()
      session.destroy()
    })
    const gone = new Promise<void>((resolve) => {
      stream.once('close', () => resolve())
    })
    this.settled = gone.then(() => {
      forget()
      this.#check()
    })
    read(scene, stream, plan.reader, (bytes) => {
      const isFirst = this.#incoming.received === 0
      this.#incoming.push(bytes)
      if (isFirst) this.#act(session)
    })
    if (upload.length === 0) return
    const pieces = { pieces: plan.uploadPieces, pause: plan.pause }
    writePieces(scene, pieces, upload, (piece, _number, isLast) => {
      if (stream.destroyed || stream.closed) return false
      if (isLast) stream.end(piece)
      else stream.write(piece)
      return true
    })
  }

  #act(session: ClientHttp2Session): void {
    const { clientAct } = this.#exchange.plan
    if (clientAct === 'none') return
    this.#hasActed = true
    // Destroying a stream or its socket inside of their own callbacks makes Node end by itself, up to 26.
    setImmediate(() => {
      if (clientAct === 'request-destroy') this.#stream.close(http2.constants.NGHTTP2_CANCEL)
      if (clientAct === 'response-destroy') this.#stream.destroy()
      if (clientAct === 'session-close') session.close()
      if (clientAct === 'socket-destroy') {
        destroyed.add(this.#socket)
        this.#socket.destroy()
      }
    })
  }

  #check(): void {
    const { scene, controls } = this.#clients
    const { path, plan } = this.#exchange
    const { serverAct } = plan
    const { isWhole } = this.#incoming
    if (this.#error !== undefined) checkTruncationError(this.#clients, this.#socket, this.#error)
    if (isWhole && this.#hasEnded) {
      scene.count('responses whole')
      return
    }
    scene.count(this.#hasEnded ? 'responses cut that pass as whole' : 'responses failed')
    const said = `${String(this.#incoming)}, error: ${String(this.#error)}, code ${String(this.#stream.rstCode)}`
    if (scene.plan.isCalm) scene.fail(`${path}: calm, and failed with ${said}`)
    // Node's server ends the streams of a session that it destroys with RST_STREAM and NO_ERROR: a word of the peer's.
    const isReset =
      this.#stream.rstCode === http2.constants.NGHTTP2_NO_ERROR || serverAct === 'response-destroy-halfway'
    if (this.#hasActed || !this.#hasEnded || !this.#isDemanded || isReset) return
    scene.lastChecks.push(() => {
      const report = controls.reportOf(this.#socket)
      // Node ends a stream that was cut off in an orderly way, too.
      // And those of a session whose socket its own side has destroyed.
      if (report?.received.kind === 'close_notify' || report?.began === 'local') return
      scene.fail(`${path}: passes as whole with ${said}; ${JSON.stringify(report)}`)
    })
  }
}
