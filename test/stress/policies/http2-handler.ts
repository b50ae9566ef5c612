/** The stream handler of the http2 server. */
import type { Http2SecureServer, Http2Session, ServerHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { type Exchange, ignore, Incoming, type Scene, writePieces } from './scene.js'
import type { RunningServer } from './servers.js'

export function serveHttp2(scene: Scene, running: RunningServer, server: Http2SecureServer): void {
  const sockets = new WeakMap<Http2Session, TLSSocket>()
  // The session is made in the same tick.
  let latest: TLSSocket | undefined
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    latest = socket
  })
  server.on('session', (session) => {
    if (latest !== undefined) sockets.set(session, latest)
    running.sessions.add(session)
    session.once('close', () => running.sessions.delete(session))
    session.on('error', ignore)
    if (scene.isOver) session.destroy()
  })
  server.on('sessionError', ignore)
  server.on('stream', (stream, headers) => {
    const exchange = scene.exchanges.get(headers[':path'] ?? '')
    const { session } = stream
    const socket = session === undefined ? undefined : sockets.get(session)
    stream.on('error', ignore)
    if (exchange === undefined) {
      scene.fail(`server: a request for ${String(headers[':path'])}`)
      return
    }
    if (stream.destroyed || socket === undefined) return
    if (exchange.handledOn.has(socket)) scene.fail(`${exchange.path}: its handler ran twice`)
    exchange.handledOn.add(socket)
    scene.count('http2 requests')
    receive(scene, exchange, stream)
    const answer = () => {
      if (!stream.destroyed && !stream.closed) respond(scene, exchange, stream, socket)
    }
    switch (exchange.plan.answer) {
      case 'at-once':
        answer()
        return
      case 'later':
        scene.later(3, answer)
        return
      case 'after-upload':
        stream.once('end', answer)
    }
  })
}

function receive(scene: Scene, { plan, path, upload }: Exchange, stream: ServerHttp2Stream): void {
  if (plan.answer !== 'after-upload' && !plan.readsUpload) return
  const incoming = new Incoming(scene, `${path} upload`, upload)
  stream.on('data', (bytes: Buffer) => {
    // Node 20 can give the last bytes of an upload twice when its connection is cut off: to a server without a policy, too.
    // 45,908 bytes had come out of TLS then, and 59,889 were given.
    if (incoming.isWhole && process.version.startsWith('v20.')) scene.count('http2 bytes given twice by Node')
    else incoming.push(bytes)
  })
  stream.on('end', () => {
    if (incoming.isWhole) return
    if (scene.plan.isCalm) scene.fail(`${path}: calm, and the upload ended after ${String(incoming)}`)
    else scene.count('http2 upload cut')
  })
}

function respond(scene: Scene, { plan, response: body }: Exchange, stream: ServerHttp2Stream, socket: TLSSocket): void {
  const { serverAct } = plan
  const { session } = stream
  const halfway = Math.floor((plan.pieces - 1) / 2)
  stream.respond({ ':status': 200 })
  writePieces(scene, plan, body, (piece, number, isLast) => {
    if (stream.destroyed || stream.closed) return false
    if (number === halfway && serverAct === 'session-close-halfway') session?.close()
    if (number === halfway && serverAct.endsWith('destroy-halfway')) {
      // Destroying a stream or its socket inside of their own callbacks makes Node end by itself, up to 26.
      setImmediate(() => {
        if (serverAct === 'session-destroy-halfway') session?.destroy()
        if (serverAct === 'response-destroy-halfway') stream.destroy()
        if (serverAct === 'destroy-halfway') socket.destroy()
      })
      return false
    }
    if (isLast) {
      stream.end(piece, () => {
        if (serverAct === 'session-close-after') session?.close()
        if (serverAct === 'destroy-after') scene.later(1, () => socket.destroy())
        if (serverAct === 'destroySoon-after') setImmediate(() => socket.destroySoon())
      })
    } else stream.write(piece)
    return true
  })
}
