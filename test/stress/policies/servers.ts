/** The server of a scenario: tls, https or http2, under its policy. */
import http2 from 'node:http2'
import https from 'node:https'
import type { Server, Socket } from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import { certificate, key } from '../../../benchmarks/support/certificate.js'
import { controlClosure } from '../../../lib/index.js'
import { Controls, hadLeft } from './controlled.js'
import { reset } from './cutter.js'
import { serveHttp1 } from './http1-handler.js'
import { serveHttp2 } from './http2-handler.js'
import type { Ending, Plan, TargetAct } from './plan.js'
import { listen } from './ports.js'
import { ignore, Incoming, type Scene, writePieces } from './scene.js'

export class RunningServer {
  readonly controls: Controls
  readonly sockets = new Set<TLSSocket>()
  readonly sessions = new Set<http2.ServerHttp2Session>()
  /** Handshakes that were done here. */
  secured = 0
  port = 0
  readonly #scene: Scene
  readonly #server: tls.Server | https.Server | http2.Http2SecureServer
  readonly #accepted = new Map<number | undefined, Socket>()
  #closed: Promise<unknown> | undefined

  static async open(scene: Scene): Promise<RunningServer> {
    const running = new RunningServer(scene)
    running.port = await listen(running.#server)
    return running
  }

  private constructor(scene: Scene) {
    this.#scene = scene
    const { plan } = scene
    this.controls = new Controls(scene, 'server', plan.server)
    this.#server = this.#create(plan)
    const transport: Server = this.#server
    transport.on('connection', (socket) => {
      const { remotePort } = socket
      this.#accepted.set(remotePort, socket)
      socket.once('close', () => this.#accepted.delete(remotePort))
      // A half-open socket whose handshake was never done is nobody's to close.
      if (scene.isOver) socket.destroy()
    })
    this.#server.prependListener('secureConnection', (socket: TLSSocket) => this.#secure(socket))
    this.#server.on('tlsClientError', ignore)
    if (plan.serverTarget === 'server') this.controls.start((policy) => controlClosure(this.#server, policy))
  }

  /** Resets the TCP connection beneath a socket. */
  reset(socket: TLSSocket): void {
    const raw = this.#accepted.get(socket.remotePort)
    if (raw !== undefined) reset(raw, socket.writableEnded)
  }

  act(what: TargetAct['what']): void {
    const server = this.#server
    switch (what) {
      case 'server-close':
        void this.close()
        return
      case 'closeAllConnections':
        if (server instanceof https.Server) server.closeAllConnections()
        else for (const socket of this.sockets) socket.destroy()
        return
      case 'closeIdleConnections':
        if (server instanceof https.Server) server.closeIdleConnections()
        return
      case 'server-stop':
        this.controls.stop()
        return
      case 'server-abort':
        this.controls.abort()
        return
      case 'destroy-a-socket':
        for (const socket of [...this.sockets].slice(0, 1)) socket.destroy()
        return
      case 'destroySoon-a-socket':
        // On top of http it would say that what is half written is all.
        if (this.#scene.plan.serverKind !== 'tls') return
        for (const socket of [...this.sockets].slice(0, 1)) socket.destroySoon()
        return
      case 'client-destroy':
      case 'client-stop':
      case 'client-abort':
        return
    }
  }

  /** Resolves when all connections have ended. */
  close(): Promise<unknown> {
    const transport: Server = this.#server
    this.#closed ??= new Promise((resolve) => {
      transport.close(resolve)
      for (const session of this.sessions) session.close()
    })
    return this.#closed
  }

  /** Destroys what the server has accepted and will accept, the handshakes that were never done included. */
  abandon(): void {
    for (const session of this.sessions) session.destroy()
    for (const socket of this.sockets) socket.destroy()
    for (const socket of this.#accepted.values()) socket.destroy()
  }

  #create(plan: Plan) {
    const { version, keepAliveTimeout } = plan
    const options = { key, cert: certificate, minVersion: version, maxVersion: version }
    switch (plan.serverKind) {
      case 'tls':
        return tls.createServer(options, (socket) => this.#serveTls(socket))
      case 'https': {
        const server = https.createServer({ ...options, keepAliveTimeout })
        server.on('request', serveHttp1(this.#scene, this))
        server.on('clientError', (_error, socket) => socket.destroy())
        return server
      }
      case 'http2': {
        const server = http2.createSecureServer(options)
        serveHttp2(this.#scene, this, server)
        return server
      }
    }
  }

  #secure(socket: TLSSocket): void {
    this.secured++
    this.sockets.add(socket)
    socket.on('error', ignore)
    socket.once('close', () => this.sockets.delete(socket))
    if (this.#scene.plan.serverTarget === 'sockets') {
      this.controls.start((policy) => controlClosure(socket, policy), socket)
    }
    this.controls.secured(socket)
  }

  // Connections are not told apart: each carries the first lane's bytes.
  #serveTls(socket: TLSSocket): void {
    const scene = this.#scene
    const lane = this.#lane()
    const [exchange] = scene.lanes[0] ?? []
    if (lane === undefined || exchange === undefined) return
    const incoming = new Incoming(scene, 'server tls', exchange.upload)
    let hasWritten = false
    // Who writes on when the peer has ended is cut off by Node: where nothing may be lost the server ends, last of all.
    const endNow = () => {
      if (scene.plan.isCalm && !(hasWritten && incoming.isWhole)) return
      endAs(scene, socket, lane.serverEnding, () => this.reset(socket))
    }
    socket.on('data', (bytes: Buffer) => {
      incoming.push(bytes)
      if (scene.plan.isCalm) endNow()
    })
    socket.on('end', () => checkTlsEnd(scene, 'server', this.controls, socket, incoming))
    writePieces(scene, exchange.plan, exchange.response, (piece, _number, isLast) => {
      if (!socket.writable) return false
      socket.write(piece)
      hasWritten = isLast
      if (isLast) endNow()
      return true
    })
  }

  #lane() {
    const { lanes } = this.#scene.plan
    return lanes[this.secured % lanes.length]
  }
}

/** Ends a connection as planned. */
export function endAs(scene: Scene, socket: TLSSocket, { how, after }: Ending, resetNow: () => void): void {
  const end = () => {
    switch (how) {
      case 'stay':
        return
      case 'end':
        socket.end()
        return
      case 'destroySoon':
        socket.destroySoon()
        return
      case 'destroy':
        socket.destroy()
        return
      case 'fail':
        socket.destroy(new Error('destroyed with an error'))
        return
      case 'reset':
        resetNow()
        return
    }
  }
  // Resetting the transport beneath TLS inside of SSL_read crashes Node 20 to 24 by itself.
  if (how === 'reset') setImmediate(() => scene.later(after, end))
  else if (after === 0) end()
  else scene.later(after, end)
}

/** Checks a TLS connection whose stream has ended. */
export function checkTlsEnd(
  scene: Scene,
  side: string,
  controls: Controls,
  socket: TLSSocket,
  incoming: Incoming,
): void {
  const isDemanded = controls.controls(socket) && controls.demands(socket)
  const said = `${side}: 'end' after ${String(incoming)}`
  if (incoming.isWhole) {
    scene.count('tls whole')
    return
  }
  if (scene.plan.isCalm) scene.fail(`calm, and ${said}`)
  scene.count('tls cut, with an end')
  if (!isDemanded) return
  scene.lastChecks.push(() => {
    const report = controls.reportOf(socket)
    // Node ends a side's writing when the other has ended, whatever it still had to write.
    if (report?.received.kind !== 'close_notify' && !hadLeft(report)) scene.fail(`${said}: ${JSON.stringify(report)}`)
  })
}
