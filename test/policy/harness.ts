/**
 * Servers of Node's under a policy, behind the recording relay.
 *
 *     const { relay, control, report } = await controlled(createServer({ key, cert }, handler), { mode: 'bidirectional' })
 *     const client = clientOf(relay.port, {})
 *     const wire = await relay.nextWire()
 *     expect(await report()).toMatchObject({ verdict: 'clean' })     the next connection's
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import http2, { type ClientHttp2Session, type Http2SecureServer } from 'node:http2'
import https, { type Server as HttpsServer } from 'node:https'
import tls, { type Server as TlsServer, type TlsOptions, type TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import { type ClosureControl, type ClosurePolicy, type ClosureReport, controlClosure } from '../../lib/index.js'
import { behindRelay, clientOf } from '../closure/servers.js'
import { turns } from '../closure/sides.js'
import { certificate } from '../support/certificate.js'
import type { ClientOptions, TlsVersion } from '../support/pair.js'
import type { Relay, RelayOptions } from '../support/relay.js'
import { once } from '../support/streams.js'
import { describeEvent, type Side, type Wire } from '../support/wire.js'

export const modes = ['quiet', 'unidirectional', 'bidirectional'] as const

/** A budget that no test waits for. */
export const ample = 30_000

export interface Watched {
  readonly control: ClosureControl
  /** All reports so far, in the order of their events. */
  readonly reports: readonly ClosureReport[]
  /** The next report that no earlier call was given. */
  readonly report: () => Promise<ClosureReport>
}

export interface Controlled extends Watched {
  readonly relay: Relay
}

export interface ControlledOptions {
  readonly relay?: Omit<RelayOptions, 'port'>
}

export function watch(control: ClosureControl): Watched {
  const reports: ClosureReport[] = []
  let taken = 0
  let wake = () => undefined
  control.on('closure', (report) => {
    reports.push(report)
    wake()
  })
  onTestFinished(() => {
    control.stop()
  })
  const report = async () => {
    const index = taken++
    for (;;) {
      const found = reports[index]
      if (found !== undefined) return found
      await new Promise<void>((resolve) => {
        const others = wake
        wake = () => {
          others()
          resolve()
          return undefined
        }
      })
    }
  }
  return { control, reports, report }
}

/** Puts a server under a policy and behind a relay. */
export async function controlled(
  server: TlsServer | HttpsServer | Http2SecureServer,
  policy: ClosurePolicy = {},
  options: ControlledOptions = {},
): Promise<Controlled> {
  const watched = watch(controlClosure(server, policy))
  destroyAtEnd(server)
  return { relay: await behindRelay(server, options.relay), ...watched }
}

/** The same without a policy. */
export async function stock(server: TlsServer | HttpsServer | Http2SecureServer): Promise<Relay> {
  destroyAtEnd(server)
  return behindRelay(server)
}

function destroyAtEnd(server: TlsServer | HttpsServer | Http2SecureServer): void {
  server.on('secureConnection', (socket: TLSSocket) => {
    onTestFinished(() => void socket.destroy())
  })
}

function optionsOf(version: TlsVersion): TlsOptions {
  const { key, cert } = certificate
  return { key, cert, minVersion: version, maxVersion: version }
}

/** A tls.Server whose sockets survive errors. */
export function tlsServer(
  version: TlsVersion,
  onSocket: (socket: TLSSocket) => void,
  more: TlsOptions = {},
): TlsServer {
  return tls.createServer({ ...optionsOf(version), ...more }, (socket) => {
    socket.on('error', () => undefined)
    onSocket(socket)
  })
}

export function httpsServer(version: TlsVersion, handler: RequestListener, more: TlsOptions = {}): HttpsServer {
  return https.createServer({ ...optionsOf(version), ...more }, handler)
}

/** Answers every stream with `size` bytes. */
export function http2Server(version: TlsVersion, size = 5, more: TlsOptions = {}): Http2SecureServer {
  const server = http2.createSecureServer({ ...optionsOf(version), ...more })
  server.on('stream', (stream) => {
    stream.on('error', () => undefined)
    stream.respond({ ':status': 200 })
    stream.end(Buffer.alloc(size, 'b'))
  })
  server.on('session', (session) => {
    session.on('error', () => undefined)
  })
  return server
}

/** Answers and says that it closes. */
export function answerAndClose(_req: IncomingMessage, res: ServerResponse): void {
  res.setHeader('Connection', 'close')
  res.end('ok')
}

export const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`

/** A stock client whose handshake is done, out of OpenSSL's callbacks. */
export async function connected(port: number, version: TlsVersion, more: ClientOptions = {}): Promise<TLSSocket> {
  const client = clientOf(port, { minVersion: version, maxVersion: version, ...more })
  await once(client, 'secureConnect')
  await turns(1)
  return client
}

/** The one socket that a server has accepted, as soon as its handshake is done there too. */
export async function accepted(sockets: readonly TLSSocket[]): Promise<TLSSocket> {
  for (;;) {
    const socket = sockets.at(-1)
    if (socket !== undefined) return socket
    await turns(1)
  }
}

/** A stock http2 client. */
export async function http2Client(
  port: number,
  version: TlsVersion,
): Promise<{ readonly session: ClientHttp2Session; readonly socket: TLSSocket }> {
  const socket = clientOf(port, { minVersion: version, maxVersion: version, ALPNProtocols: ['h2'] })
  const session = http2.connect('https://localhost', { createConnection: () => socket })
  session.on('error', () => undefined)
  onTestFinished(() => {
    session.destroy()
  })
  await once(session, 'connect')
  return { session, socket }
}

/** The alerts and FINs of both sides, in the order in which they came to the relay. */
export function order(wire: Wire): string[] {
  const ends = wire.events.filter((event) => event.kind === 'alert' || event.kind === 'fin')
  return ends.map((event) => `${event.from} ${describeEvent(event)}`)
}

/** How one side ended, without the RST that the kernel sends for bytes that nobody read. */
export function endingOf(wire: Wire, side: Side): string[] {
  return wire.closing(side).filter((line) => line !== 'rst')
}

/** Waits until something is so. It is looked at every few ms; the test's own timeout guards it. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}
