/** The two ends of one connection over plain TLS, https or http2, each carrying out its side of a plan. */
import { once } from 'node:events'
import http2 from 'node:http2'
import https from 'node:https'
import { connect as connectTcp, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import tls, { type TLSSocket } from 'node:tls'
import { certificate, key } from '../../benchmarks/support/certificate.js'
import { connect as connectStream, createServer as createStreamServer, type TlsStream } from '../../lib/stream/index.js'
import { Gate } from '../support/gate.js'
import { Actor, type Means } from './actor.js'
import type { Plan } from './plan.js'

export interface Ends {
  readonly port: number
  readonly onKeylog: (listener: (line: Buffer) => void) => void
  readonly connect: (port: number) => Actor
  /** The server's side, once it is secured. */
  readonly server: () => Actor | undefined
  /** Destroys what the server has accepted and will accept, the handshakes that were never done included. */
  readonly abandon: () => void
  /** The port may be another's from then on. */
  readonly close: () => Promise<void>
}

export async function openEnds(plan: Plan): Promise<Ends> {
  switch (plan.protocol) {
    case 'tls':
      return tlsEnds(plan)
    case 'http1':
      return http1Ends(plan)
    case 'http2':
      return http2Ends(plan)
  }
}

const ignore = () => undefined

async function tlsEnds(plan: Plan): Promise<Ends> {
  const { allowHalfOpen } = plan
  let serverSide: Actor | undefined
  const secured = (socket: TLSSocket | TlsStream) => {
    serverSide = new Actor(socket, plan.server)
    serverSide.secured(rawMeans(socket), socket)
  }
  const server = plan.server.isStream
    ? createStreamServer({ ...serverOptions(plan), ...streamOptions(plan) }, secured)
    : tls.createServer({ ...serverOptions(plan), allowHalfOpen }, secured)
  const beneath = createTcpServer({ allowHalfOpen: true }, (tcp) => {
    server.emit('connection', new Gate(tcp, allowHalfOpen))
  })
  return {
    ...(await listening(server, plan.server.overDuplex ? beneath : server)),
    server: () => serverSide,
    connect: (port) => {
      if (plan.client.isStream) return streamClient(plan, port)
      const tcp = plan.client.overDuplex ? connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true }) : undefined
      const socket = connectTls(plan, port, [], tcp && new Gate(tcp, allowHalfOpen))
      const side = watched(new Actor(socket, plan.client), tcp)
      socket.once('secureConnect', () => side.secured(rawMeans(socket), socket))
      return side
    },
  }
}

function streamClient(plan: Plan, port: number): Actor {
  const { version } = plan
  const tcp = connectTcp({ port, host: '127.0.0.1' })
  const stream = connectStream({
    socket: tcp,
    servername: 'localhost',
    ca: certificate,
    minVersion: version,
    maxVersion: version,
    ...streamOptions(plan),
  })
  const side = watched(new Actor(stream, plan.client), tcp)
  stream.once('secureConnect', () => side.secured(rawMeans(stream), stream))
  return side
}

// What is cut is no end of the stream.
function streamOptions({ allowHalfOpen }: Plan) {
  return { allowHalfOpen, flushTimeout: 1000, waitTimeout: 200 }
}

async function http1Ends(plan: Plan): Promise<Ends> {
  let serverSide: Actor | undefined
  const server = https.createServer(serverOptions(plan), (request, response) => {
    const side = serverSide
    if (side === undefined) return
    side.read(request)
    response.on('error', ignore)
    response.setHeader('content-length', plan.server.bytes)
    side.secured({
      write: (piece, last, done) => {
        if (last) response.end(piece, done)
        else response.write(piece)
      },
      end: () => response.end(),
      closeOwner: () => server.closeAllConnections(),
      destroyOwner: () => response.destroy(),
    })
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    serverSide = new Actor(socket, plan.server)
  })
  server.on('clientError', ignore)
  return {
    ...(await listening(server)),
    server: () => serverSide,
    connect: (port) => {
      const socket = connectTls(plan, port)
      const side = watched(new Actor(socket, plan.client))
      const agent = new https.Agent({ keepAlive: plan.client.takenEarly })
      agent.createConnection = () => socket
      const { bytes } = plan.client
      const request = https.request({
        agent,
        host: '127.0.0.1',
        port,
        method: bytes === 0 ? 'GET' : 'POST',
        headers: bytes === 0 ? {} : { 'content-length': bytes },
      })
      request.on('error', ignore)
      request.on('response', (response) => side.read(response))
      if (bytes === 0) request.end()
      socket.once('secureConnect', () => {
        side.secured({
          write: (piece, last, done) => {
            if (last) request.end(piece, done)
            else request.write(piece)
          },
          end: () => request.end(),
          closeOwner: () => agent.destroy(),
          destroyOwner: () => request.destroy(),
        })
      })
      return side
    },
  }
}

async function http2Ends(plan: Plan): Promise<Ends> {
  let serverSide: Actor | undefined
  let serverSession: http2.ServerHttp2Session | undefined
  const server = http2.createSecureServer(serverOptions(plan))
  server.on('secureConnection', (socket: TLSSocket) => {
    serverSide = new Actor(socket, plan.server)
  })
  server.on('session', (session) => {
    serverSession = session
    session.on('error', ignore)
  })
  server.on('sessionError', ignore)
  server.on('stream', (stream) => {
    const side = serverSide
    if (side === undefined || serverSession === undefined || stream.destroyed) return
    side.read(stream)
    stream.on('error', ignore)
    stream.respond({ ':status': 200 })
    side.secured(sessionMeans(serverSession, stream))
  })
  return {
    ...(await listening(server)),
    server: () => serverSide,
    connect: (port) => {
      const socket = connectTls(plan, port, ['h2'])
      const side = watched(new Actor(socket, plan.client))
      const session = http2.connect(`https://localhost:${port}`, { createConnection: () => socket })
      session.on('error', ignore)
      session.once('connect', () => {
        const { bytes } = plan.client
        const stream = session.request({ ':method': bytes === 0 ? 'GET' : 'POST' }, { endStream: bytes === 0 })
        stream.on('error', ignore)
        side.read(stream)
        side.secured(sessionMeans(session, stream))
      })
      return side
    },
  }
}

function rawMeans(socket: TLSSocket | TlsStream): Means {
  return {
    write: (piece, _last, done) => void socket.write(piece, done),
    end: () => socket.end(),
    closeOwner: () => socket.end(),
    destroyOwner: () => socket.destroy(),
  }
}

function sessionMeans(session: http2.Http2Session, stream: http2.Http2Stream): Means {
  return {
    write: (piece, last, done) => {
      if (last) stream.end(piece, done)
      else stream.write(piece)
    },
    end: () => session.close(),
    closeOwner: () => session.close(),
    destroyOwner: () => session.destroy(),
  }
}

function watched(side: Actor, tcp: Duplex = side.socket): Actor {
  tcp.once('connect', () => side.connected())
  return side
}

function connectTls(plan: Plan, port: number, ALPNProtocols: string[] = [], beneath?: Duplex): TLSSocket {
  const { version, allowHalfOpen, protocol } = plan
  // `tls.connect` takes allowHalfOpen, whatever its types say.
  const options: tls.ConnectionOptions & { readonly allowHalfOpen: boolean } = {
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    ca: certificate,
    ALPNProtocols,
    minVersion: version,
    maxVersion: version,
    allowHalfOpen: protocol === 'tls' && allowHalfOpen,
    ...(beneath !== undefined && { socket: beneath }),
  }
  return tls.connect(options)
}

function serverOptions({ version }: Plan) {
  return { key, cert: certificate, minVersion: version, maxVersion: version }
}

/** `transport` accepts the connections, where the server does not do so itself. */
async function listening(server: Server, transport: Server = server) {
  // A half-open socket whose handshake was never done is nobody's to close.
  const accepted = new Set<Socket>()
  let isAbandoned = false
  transport.on('connection', (socket) => {
    if (isAbandoned) socket.destroy()
    accepted.add(socket)
    socket.once('close', () => accepted.delete(socket))
  })
  server.on('tlsClientError', ignore)
  server.on('error', ignore)
  transport.listen(0, '127.0.0.1')
  await once(transport, 'listening')
  const address = transport.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  return {
    port: address.port,
    onKeylog: (listener: (line: Buffer) => void) => {
      server.on('keylog', listener)
    },
    abandon: () => {
      isAbandoned = true
      for (const socket of accepted) socket.destroy()
    },
    close: () =>
      new Promise<void>((resolve) => {
        transport.close(() => resolve())
      }),
  }
}
