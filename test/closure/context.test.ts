// createSecureContext({ quietShutdown }): SSL_CTX_set_quiet_shutdown, and what becomes of it under SNI.
import { createServer as createTcpServer } from 'node:net'
import { createSecureContext as createNodeContext, type SecureContext, TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { ClosureError, closureOf, createSecureContext } from '../../lib/index.js'
import { certificate, otherCertificate } from '../support/certificate.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { once } from '../support/streams.js'
import { behindRelay, clientOf } from './servers.js'
import { closeNotifyAndFin, turns } from './sides.js'

const { key, cert, host } = certificate
const otherKeys = { key: otherCertificate.key, cert: otherCertificate.cert }

interface Contexts {
  readonly client?: SecureContext
  readonly server?: SecureContext
  /** The context that SNI chooses, for any name. */
  readonly chosen?: SecureContext
}

/** Both sockets of a connection through a relay, after the handshake; each in its listener's next turns. */
async function connection(version: TlsVersion, contexts: Contexts) {
  const limits = { minVersion: version, maxVersion: version } as const
  const base = contexts.server ?? createNodeContext({ key, cert, ...limits })
  let accept: (socket: TLSSocket) => void = () => undefined
  const accepted = new Promise<TLSSocket>((resolve) => {
    accept = resolve
  })
  const listener = createTcpServer((raw) => {
    const socket = new TLSSocket(raw, {
      isServer: true,
      secureContext: base,
      ...(contexts.chosen !== undefined && { SNICallback: (_name, callback) => callback(null, contexts.chosen) }),
    })
    socket.on('error', () => undefined)
    socket.on('keylog', (line: Buffer) => relay.keys.add(line))
    socket.once('secure', () => accept(socket))
  })
  const relay = await behindRelay(listener)
  const secureContext = contexts.client ?? createNodeContext({ ca: [cert, otherCertificate.cert], ...limits })
  const servername = contexts.chosen === undefined ? host : otherCertificate.host
  const client = clientOf(relay.port, { secureContext, servername })
  await once(client, 'secureConnect')
  const server = await accepted
  await turns()
  const ready = { client, server, wire: await relay.nextWire() }
  closureOf(client)
  closureOf(server)
  await turns(1)
  return ready
}

describe.each(tlsVersions)('%s', (version) => {
  const limits = { minVersion: version, maxVersion: version } as const

  test("a client's end() sends a bare FIN", async () => {
    const quiet = createSecureContext({ ca: cert, quietShutdown: true, ...limits })
    const { client, server, wire } = await connection(version, { client: quiet })
    const closure = closureOf(client)
    expect([closure.getContextQuietShutdown(), closure.getQuietShutdown()]).toEqual([true, true])
    server.resume()
    client.resume().end('hello')
    expect(await closure.report).toMatchObject({ verdict: 'quiet', mode: 'uncontrolled', quiet: true, alerts: [] })
    await wire.seen('client', 'fin')
    expect(wire.summary('client').slice(-2)).toEqual(['data 5', 'fin'])
  })

  test("a server's end() sends a bare FIN", async () => {
    const quiet = createSecureContext({ key, cert, quietShutdown: true, ...limits })
    const { client, server, wire } = await connection(version, { server: quiet })
    const closure = closureOf(server)
    expect([closure.getContextQuietShutdown(), closure.getQuietShutdown()]).toEqual([true, true])
    client.resume()
    server.resume().end('hello')
    expect(await closure.report).toMatchObject({ verdict: 'quiet', quiet: true, alerts: [] })
    await wire.seen('server', 'fin')
    expect(wire.summary('server').slice(-2)).toEqual(['data 5', 'fin'])
  })

  test('a context that SNI chooses does not hand its flag on', async () => {
    const chosen = createSecureContext({ ...otherKeys, quietShutdown: true, ...limits })
    const { client, server, wire } = await connection(version, { chosen })
    expect(client.getPeerCertificate().subject.CN).toBe(otherCertificate.host)
    const closure = closureOf(server)
    expect(closure.getQuietShutdown()).toBe(false)
    // Node takes the certificates of a chosen context and leaves the connection with the context that it was made of.
    expect(closure.getContextQuietShutdown()).toBe(false)
    client.resume()
    server.resume().end('hello')
    expect(await closure.report).toMatchObject({ verdict: 'clean', quiet: false })
    expect(wire.closing('server').slice(0, 2)).toEqual(closeNotifyAndFin)
  })

  test('a context that SNI chooses does not take away the flag of the one before', async () => {
    const quiet = createSecureContext({ key, cert, quietShutdown: true, ...limits })
    const chosen = createNodeContext({ ...otherKeys, ...limits })
    const { client, server, wire } = await connection(version, { server: quiet, chosen })
    expect(client.getPeerCertificate().subject.CN).toBe(otherCertificate.host)
    client.resume()
    server.resume().end('hello')
    expect(await closureOf(server).report).toMatchObject({ verdict: 'quiet', quiet: true })
    await wire.seen('server', 'fin')
    expect(wire.summary('server').slice(-2)).toEqual(['data 5', 'fin'])
  })

  test.each([false, undefined])('quietShutdown: %s makes a context like any other', async (quietShutdown) => {
    const context = createSecureContext({ ca: cert, ...limits, ...(quietShutdown !== undefined && { quietShutdown }) })
    const { client, server, wire } = await connection(version, { client: context })
    expect(closureOf(client).getContextQuietShutdown()).toBe(false)
    server.resume()
    client.resume().end()
    await wire.seen('client', 'fin')
    expect(wire.closing('client').slice(0, 2)).toEqual(closeNotifyAndFin)
  })

  test('a connection that is made quiet by its context can be made to speak again', async () => {
    const quiet = createSecureContext({ ca: cert, quietShutdown: true, ...limits })
    const { client, server, wire } = await connection(version, { client: quiet })
    closureOf(client).setQuietShutdown(false)
    server.resume()
    client.resume().end()
    expect(await closureOf(client).report).toMatchObject({ verdict: 'clean', quiet: false })
    expect(wire.closing('client').slice(0, 2)).toEqual(closeNotifyAndFin)
  })
})

test.each([1, 'yes', null])('quietShutdown: %s is refused', (quietShutdown) => {
  const call = (): unknown => Reflect.apply(createSecureContext, undefined, [{ quietShutdown }])
  expect(call).toThrow(ClosureError)
  expect(call).toThrow(/quietShutdown/)
})

test('an error of tls.createSecureContext is thrown as it is', () => {
  expect(() => createSecureContext({ cert: 'no certificate', quietShutdown: true })).toThrow(/PEM/i)
})
