/** Clients on an https.Agent: every lane sends one request after the other. */
import type { ClientRequest, IncomingMessage } from 'node:http'
import https from 'node:https'
import { TLSSocket } from 'node:tls'
import { controlClosure } from '../../../lib/index.js'
import type { Clients } from './clients.js'
import { connectOptions, type Exchange, Incoming, read, writePieces } from './scene.js'
import { checkTruncationError, everyLane } from './tls-client.js'

export async function runHttps(clients: Clients): Promise<void> {
  const { scene, controls, port } = clients
  const { maxSockets, pipelining } = scene.plan
  // Without keepAlive the agent asks for `Connection: close` itself.
  const agent = new https.Agent({ ...connectOptions(scene.plan, port), keepAlive: pipelining > 1, maxSockets })
  controls.start((policy) => controlClosure(agent, policy))
  clients.destroyAll = () => agent.destroy()
  await everyLane(clients, async (_lane, number) => {
    for (const exchange of scene.lanes[number] ?? []) {
      if (!scene.isOver) await scene.track(exchange.path, new Request(clients, agent, exchange).settled)
    }
  })
  agent.destroy()
}

class Request {
  /** The request and its response have closed. */
  readonly settled: Promise<void>
  readonly #clients: Clients
  readonly #exchange: Exchange
  readonly #request: ClientRequest
  readonly #incoming: Incoming
  #socket: TLSSocket | undefined
  #response: IncomingMessage | undefined
  #hasEnded = false
  #isDemanded = false
  #hasActed = false
  #errors: Error[] = []

  constructor(clients: Clients, agent: https.Agent, exchange: Exchange) {
    const { scene, port } = clients
    const { path, upload, plan } = exchange
    this.#clients = clients
    this.#exchange = exchange
    this.#incoming = new Incoming(scene, path, exchange.response)
    const isLong = plan.framing === 'length'
    this.#request = https.request({
      agent,
      host: '127.0.0.1',
      port,
      path,
      method: upload.length === 0 ? 'GET' : 'POST',
      headers: isLong && upload.length > 0 ? { 'content-length': upload.length } : {},
    })
    this.#request.on('socket', (socket) => this.#connected(socket))
    this.#request.on('error', (error) => this.#errors.push(error))
    this.#request.once('response', (response) => this.#respond(response))
    const forget = scene.onAbandon(() => this.#destroy())
    this.settled = this.#closed().then(() => {
      forget()
      this.#check()
    })
    this.#send()
  }

  #connected(socket: unknown): void {
    if (!(socket instanceof TLSSocket)) return
    this.#socket = socket
    if (socket.connecting) this.#clients.watch(socket)
  }

  #send(): void {
    const { plan, upload } = this.#exchange
    const request = this.#request
    if (upload.length === 0) {
      request.end()
      return
    }
    const pieces = { pieces: plan.uploadPieces, pause: plan.pause }
    writePieces(this.#clients.scene, pieces, upload, (piece, _number, isLast) => {
      if (request.destroyed) return false
      if (isLast) request.end(piece)
      else request.write(piece)
      return true
    })
  }

  #respond(response: IncomingMessage): void {
    const { scene } = this.#clients
    this.#response = response
    response.on('error', (error) => this.#errors.push(error))
    response.once('end', () => {
      this.#hasEnded = true
      const { controls } = this.#clients
      this.#isDemanded = this.#socket !== undefined && controls.controls(this.#socket) && controls.demands(this.#socket)
    })
    read(scene, response, this.#exchange.plan.reader, (bytes) => {
      const isFirst = this.#incoming.received === 0
      this.#incoming.push(bytes)
      if (isFirst) this.#act()
    })
  }

  #act(): void {
    const { clientAct } = this.#exchange.plan
    if (clientAct === 'none' || clientAct === 'session-close') return
    this.#hasActed = true
    if (clientAct === 'request-destroy') this.#request.destroy()
    if (clientAct === 'response-destroy') this.#response?.destroy()
    if (clientAct === 'socket-destroy') this.#socket?.destroy()
  }

  #destroy(): void {
    this.#hasActed = true
    this.#request.destroy()
    this.#response?.destroy()
  }

  async #closed(): Promise<void> {
    await new Promise<void>((resolve) => this.#request.once('close', () => resolve()))
    const response = this.#response
    if (response === undefined || response.closed) return
    await new Promise<void>((resolve) => response.once('close', () => resolve()))
  }

  #check(): void {
    const { scene } = this.#clients
    const { plan, path } = this.#exchange
    const { isWhole } = this.#incoming
    const response = this.#response
    for (const error of this.#errors) {
      const isTruncation = checkTruncationError(this.#clients, this.#socket, error)
      if (!isTruncation || response === undefined) continue
      if (response.complete) scene.fail(`${path}: a truncation error of a complete response`)
    }
    const said = `${String(this.#incoming)}, ${plan.framing}, errors: ${this.#errors.map(codeOf).join(', ')}`
    if (this.#hasEnded && response?.complete === true) {
      scene.count(isWhole ? 'responses whole' : 'responses cut that pass as whole')
      // A response that is destroyed inside of 'data' can still end, in Node's own way.
      if (!isWhole && !this.#hasActed && (plan.framing !== 'close' || this.#isDemanded))
        scene.fail(`${path}: passes as whole with ${said}`)
      return
    }
    scene.count('responses failed')
    if (this.#hasActed || this.#clients.hasDestroyedAll) return
    if (scene.plan.isCalm) scene.fail(`${path}: calm, and failed with ${said}`)
    if (this.#errors.length === 0) scene.fail(`${path}: neither ended nor failed, ${said}`)
    if (response !== undefined && plan.framing === 'length' && isWhole && plan.bytes > 0) {
      scene.fail(`${path}: whole, and failed with ${said}`)
    }
  }
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.message
}
