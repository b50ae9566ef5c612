/** Objects of Node's that the undocumented members are looked for on: made here, by connections over loopback. */
import { connect as connectHttp2, createSecureServer, Http2ServerRequest } from 'node:http2'
import { Agent, createServer as createHttpsServer, request as requestHttps } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { Duplex, Writable } from 'node:stream'
import tls from 'node:tls'
import type { Credentials } from '../lab/credentials.js'
import type { Specimen } from './internal.js'
import { type Cleanup, heard, portOf, toLocalhost, withCleanup } from './loopback.js'

/** Gets each while its connection stands: much of it is gone with that. */
export type Look = (specimen: Specimen, object: unknown) => void

type Found = Partial<Record<Specimen, unknown>>

/** Makes all of them. What one group fails by does not keep the others from being made; it is what comes back. */
export async function showSpecimens(credentials: Credentials, look: Look): Promise<readonly string[]> {
  const groups = { 'tls.connect()': overTcp, 'TLS on a stream': onStream, https: overHttps, http2: overHttp2 }
  const add = (found: Found): void => {
    for (const [specimen, object] of entriesOf(found)) look(specimen, object)
  }
  add({ 'TLSSocket.prototype': tls.TLSSocket.prototype, Writable, 'node:tls': tls })
  const failures: string[] = []
  for (const [name, collect] of Object.entries(groups)) {
    try {
      await withCleanup((cleanup) => collect({ credentials, cleanup, add }))
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return failures
}

interface Group {
  readonly credentials: Credentials
  readonly cleanup: Cleanup
  readonly add: (found: Found) => void
}

async function overTcp({ credentials, cleanup, add }: Group): Promise<void> {
  const server = cleanup.server(tls.createServer({ ...credentials }).listen(0, '127.0.0.1'))
  await heard(server, 'listening')
  const accepted = heard(server, 'secureConnection')
  const socket = cleanup.stream(tls.connect({ ...toLocalhost(server), ca: credentials.cert }))
  await heard(socket, 'secureConnect')
  const [serverSocket] = await accepted
  const tlsWrap = part(socket, '_handle')
  add({ socket, tlsWrap, transport: part(tlsWrap, '_parent'), tlsOptions: part(socket, '_tlsOptions'), serverSocket })
  add({ writableState: part(socket, '_writableState') })

  const plain = cleanup.stream(
    connectTcp({ host: '127.0.0.1', port: portOf(server), onread: { buffer: Buffer.alloc(1), callback: () => true } }),
  )
  await heard(plain, 'connect')
  add({ socketWithOnread: plain, handleWithOnread: part(plain, '_handle') })

  socket.setEncoding('utf8')
  const readableState = part(socket, '_readableState')
  add({ decodingStream: socket, readableState, decoder: part(readableState, 'decoder') })
  if (serverSocket instanceof Duplex) cleanup.stream(serverSocket).resume()
  // Last: it ends the connection.
  add({ shutdownRequest: await shutdownRequestOf(socket, tlsWrap) })
}

/** What Node calls shutdown() of the handle with. */
async function shutdownRequestOf(socket: Duplex, tlsWrap: unknown): Promise<unknown> {
  const shutdown = part(tlsWrap, 'shutdown')
  if (typeof tlsWrap !== 'object' || tlsWrap === null || typeof shutdown !== 'function') return undefined
  const requests: unknown[] = []
  Reflect.set(tlsWrap, 'shutdown', (request: unknown): unknown => {
    requests.push(request)
    const status: unknown = Reflect.apply(shutdown, tlsWrap, [request])
    return status
  })
  socket.end()
  await heard(socket, 'finish')
  return requests[0]
}

async function onStream({ cleanup, add }: Group): Promise<void> {
  const beneath = cleanup.stream(new Duplex({ read() {}, write: (_chunk, _encoding, callback) => callback() }))
  const socket = cleanup.stream(tls.connect({ socket: beneath }))
  // The handshake never ends: nobody answers.
  const tlsWrapOnStream = part(socket, '_handle')
  const streamWrap = part(tlsWrapOnStream, '_parentWrap')
  add({ tlsWrapOnStream, streamTransport: part(tlsWrapOnStream, '_parent'), streamWrap })
  await Promise.resolve()
}

async function overHttps({ credentials, cleanup, add }: Group): Promise<void> {
  const server = cleanup.server(createHttpsServer({ ...credentials }).listen(0, '127.0.0.1'))
  await heard(server, 'listening')
  const agent = new Agent({ ca: credentials.cert })
  cleanup.later(() => agent.destroy())
  const requested = heard(server, 'request')
  const request = requestHttps({ ...toLocalhost(server), agent })
  request.on('error', () => undefined)
  request.end()
  const [incoming, response] = await requested
  const httpServerSocket = part(incoming, 'socket')
  add({ httpServerSocket, httpParser: part(httpServerSocket, 'parser'), httpResponse: response, httpsAgent: agent })
  if (!(response instanceof Writable) && typeof part(response, 'write') !== 'function') return
  const answered = heard(request, 'response')
  call(response, 'write', 'a part')
  const [httpClientResponse] = await answered
  add({ httpClientRequest: request, httpClientResponse, httpClientSocket: request.socket })
}

async function overHttp2({ credentials, cleanup, add }: Group): Promise<void> {
  const server = cleanup.server(createSecureServer({ ...credentials }).listen(0, '127.0.0.1'))
  await heard(server, 'listening')
  const requested = heard(server, 'request')
  const session = connectHttp2(`https://localhost:${portOf(server)}`, { ...toLocalhost(server), ca: credentials.cert })
  cleanup.later(() => session.destroy())
  session.on('error', () => undefined)
  const stream = session.request({ ':path': '/' })
  stream.on('error', () => undefined)
  const [incoming] = await requested
  const http2ServerStream = incoming instanceof Http2ServerRequest ? incoming.stream : undefined
  const http2Session = http2ServerStream?.session
  add({ http2ServerStream, http2Session, http2State: symbolIn(http2Session, 'state') })
  // Not session.socket, which is a stand-in.
  const accepted = cleanup.sockets(server)[0]
  add({ http2Socket: accepted })
}

/** A member of something that may not be there. */
export function part(holder: unknown, name: string): unknown {
  const isHolder = (typeof holder === 'object' && holder !== null) || typeof holder === 'function'
  return isHolder ? Reflect.get(holder, name) : undefined
}

function call(holder: unknown, name: string, ...args: readonly unknown[]): void {
  const method = part(holder, name)
  if (typeof method === 'function') Reflect.apply(method, holder, args)
}

function symbolIn(holder: unknown, description: string): unknown {
  if (typeof holder !== 'object' || holder === null) return undefined
  const key = Object.getOwnPropertySymbols(holder).find((symbol) => symbol.description === description)
  return key === undefined ? undefined : Reflect.get(holder, key)
}

function entriesOf(found: Found): readonly (readonly [Specimen, unknown])[] {
  return Object.entries(found).flatMap(([name, object]) => (isSpecimen(name, found) ? [[name, object] as const] : []))
}

function isSpecimen(name: string, found: Found): name is Specimen {
  return name in found
}
