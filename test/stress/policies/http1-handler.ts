/** The request handler of the https server: answers as planned, and sees what it is called for. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { ExchangePlan } from './plan.js'
import { type Exchange, ignore, Incoming, type Scene, writePieces } from './scene.js'
import type { RunningServer } from './servers.js'

export function serveHttp1(scene: Scene, server: RunningServer) {
  // Responses with `Connection: close`, by connection.
  const closing = new WeakMap<TLSSocket, ServerResponse[]>()
  return (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    const exchange = scene.exchanges.get(request.url ?? '')
    if (exchange === undefined || !(socket instanceof TLSSocket)) {
      scene.fail(`server: a request for ${String(request.url)}`)
      return
    }
    const before = closing.get(socket) ?? []
    if (server.controls.controls(socket) && before.some(hasBegun)) {
      scene.fail(`${exchange.path}: its handler ran after a response with Connection: close was begun`)
    }
    if (exchange.handledOn.has(socket)) scene.fail(`${exchange.path}: its handler ran twice`)
    exchange.handledOn.add(socket)
    scene.count('http1 requests')
    request.on('error', ignore)
    response.on('error', ignore)
    if (exchange.plan.close) closing.set(socket, [...before, response])
    receive(scene, exchange, request)
    const answer = () => {
      // Nobody writes to a response whose connection is gone.
      if (!response.destroyed) respond(scene, exchange, response, socket)
    }
    switch (exchange.plan.answer) {
      case 'at-once':
        answer()
        return
      case 'later':
        scene.later(3, answer)
        return
      case 'after-upload':
        request.once('end', answer)
    }
  }
}

// Its head has been made, and it is not waiting for its turn behind the response to an earlier request.
function hasBegun(response: ServerResponse): boolean {
  return response.headersSent && (response.socket !== null || response.writableFinished)
}

function receive(scene: Scene, { plan, path, upload }: Exchange, request: IncomingMessage): void {
  if (plan.answer !== 'after-upload' && !plan.readsUpload) return
  const incoming = new Incoming(scene, `${path} upload`, upload)
  request.on('data', (bytes: Buffer) => incoming.push(bytes))
  request.on('end', () => {
    if (!request.complete || !incoming.isWhole) scene.fail(`${path}: the upload ended after ${String(incoming)}`)
  })
}

function respond(scene: Scene, exchange: Exchange, response: ServerResponse, socket: TLSSocket): void {
  const { plan, path, response: body } = exchange
  response.setHeader('x-path', path)
  if (plan.close) response.setHeader('connection', 'close')
  if (plan.framing === 'length') response.setHeader('content-length', body.length)
  else response.removeHeader('content-length')
  if (plan.framing === 'close') response.removeHeader('transfer-encoding')
  const halfway = Math.floor((plan.pieces - 1) / 2)
  response.flushHeaders()
  writePieces(scene, plan, body, (piece, number, isLast) => {
    if (response.destroyed) return false
    if (number === halfway && actHalfway(plan, response, socket)) return false
    if (!isLast) response.write(piece)
    else response.end(piece, () => actAfter(scene, plan, socket))
    return true
  })
}

// Returns whether the response is gone.
function actHalfway({ serverAct }: ExchangePlan, response: ServerResponse, socket: TLSSocket): boolean {
  switch (serverAct) {
    case 'destroy-halfway':
    case 'session-destroy-halfway':
      socket.destroy()
      return true
    case 'response-destroy-halfway':
      response.destroy()
      return true
    case 'none':
    case 'session-close-halfway':
    case 'session-close-after':
    case 'destroy-after':
    case 'destroySoon-after':
    case 'end-after':
      return false
  }
}

function actAfter(scene: Scene, { serverAct }: ExchangePlan, socket: TLSSocket): void {
  if (serverAct === 'destroy-after') scene.later(1, () => socket.destroy())
  if (serverAct === 'destroySoon-after') socket.destroySoon()
  if (serverAct === 'end-after') socket.end()
}
