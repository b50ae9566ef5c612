import { connect, createSecureContext, type ConnectionOptions, type TlsOptions, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Closure, type ClosureReport, closureOf, createSecureContext as createContext } from '../../lib/index.js'
import { certificate, otherCertificate } from '../support/certificate.js'
import { tlsVersions } from '../support/pair.js'
import { once } from '../support/streams.js'
import { answering, turns } from './pairs.js'
import { type Relayed, relayedServer } from './relayed.js'

const muchTime = { flushTimeout: 600_000, waitTimeout: 600_000 } as const
const cleanEnd = ['alert warning close_notify', 'fin']

describe.each(tlsVersions)('kinds of handshakes, %s', (version) => {
  const versions = { minVersion: version, maxVersion: version } as const

  async function open(relayed: Relayed, options: ConnectionOptions = {}): Promise<[TLSSocket, TLSSocket]> {
    const socket = connect({ ...relayed.client, ...versions, ...options })
    onTestFinished(() => void socket.destroy())
    await once(socket, 'secureConnect')
    const server = await relayed.nextServer()
    await turns(1)
    return [socket, server]
  }

  async function closeBoth([socket, server]: [TLSSocket, TLSSocket]): Promise<ClosureReport[]> {
    answering(server)
    socket.resume()
    const answer = closureOf(server).report
    return [await closureOf(socket).shutdown({ mode: 'bidirectional', ...muchTime }), await answer]
  }

  const clean = [
    { verdict: 'clean', side: 'client' },
    { verdict: 'clean', side: 'server' },
  ]
  const serve = (options: TlsOptions = {}) => relayedServer({ ...versions, ...options })

  test('a resumed session is bound on both sides, and closes clean', async () => {
    const relayed = await serve()
    const first = connect({ ...relayed.client, ...versions })
    const session = new Promise<Buffer>((resolve) => first.once('session', resolve))
    first.resume()
    await once(first, 'secureConnect')
    const kept = await session
    expect(await closeBoth([first, await relayed.nextServer()])).toMatchObject(clean)
    const resumed = await open(relayed, { session: kept })
    expect(resumed.map((socket) => socket.isSessionReused())).toEqual([true, true])
    expect(await closeBoth(resumed)).toMatchObject(clean)
  })

  test("a closure taken in 'session', while OpenSSL is handling a ticket, is bound", async () => {
    const relayed = await serve()
    const socket = connect({ ...relayed.client, ...versions })
    socket.resume()
    const taken = new Promise<Closure>((resolve) => socket.once('session', () => resolve(closureOf(socket))))
    const server = await relayed.nextServer()
    const closure = await taken
    await turns(2)
    expect(closure.state).toBe('open')
    expect(await closeBoth([socket, server])).toMatchObject(clean)
  })

  test('a context chosen by SNI: the connection is bound, and does not have the quiet flag of that context', async () => {
    const chosen = createContext({ key: otherCertificate.key, cert: otherCertificate.cert, quietShutdown: true })
    const relayed = await serve({ SNICallback: (_name, done) => done(null, chosen) })
    const sockets = await open(relayed, { servername: otherCertificate.host, ca: otherCertificate.cert })
    expect(sockets[0].getPeerCertificate().subject.CN).toBe(otherCertificate.host)
    expect(closureOf(sockets[1]).getQuietShutdown()).toBe(false)
    expect(await closeBoth(sockets)).toMatchObject(clean)
  })

  test('a context chosen by SNI late, out of the handshake', async () => {
    const chosen = createSecureContext({ key: otherCertificate.key, cert: otherCertificate.cert })
    const relayed = await serve({ SNICallback: (_name, done) => void setTimeout(() => done(null, chosen), 20) })
    const sockets = await open(relayed, { servername: otherCertificate.host, ca: otherCertificate.cert })
    expect(await closeBoth(sockets)).toMatchObject(clean)
  })

  test('a client certificate that is accepted', async () => {
    const { key, cert } = certificate
    const relayed = await serve({ requestCert: true, rejectUnauthorized: true, ca: cert })
    const sockets = await open(relayed, { key, cert })
    expect(sockets[1].authorized).toBe(true)
    expect(await closeBoth(sockets)).toMatchObject(clean)
  })

  test('a client certificate that is missing: the fatal alert is told by name', async () => {
    const relayed = await serve({ requestCert: true, rejectUnauthorized: true, ca: certificate.cert })
    const socket = connect({ ...relayed.client, ...versions })
    const errors: Error[] = []
    socket.on('error', (error: Error) => errors.push(error))
    socket.resume()
    const report = await closureOf(socket).report
    // In TLS 1.3 the client's handshake is done before the server has looked; Node's server then sends a bare FIN or RST.
    if (version === 'TLSv1.2') expect(report.verdict).toBe('no-handshake')
    else expect(['alerted', 'reset', 'truncated']).toContain(report.verdict)
    if (report.verdict === 'alerted') expect(report.received).toMatchObject({ name: 'certificate_required' })
  })

  test("a 'keylog' listener that looks up another socket, and its own, in mid-handshake", async () => {
    const relayed = await serve()
    const other = await open(relayed)
    const socket = connect({ ...relayed.client, ...versions })
    onTestFinished(() => void socket.destroy())
    const states = new Set<string>()
    const own: Closure[] = []
    const look = () => {
      own.push(closureOf(socket))
      states.add(closureOf(other[0]).state)
      states.add(closureOf(other[1]).state)
    }
    socket.on('keylog', look)
    relayed.listener.on('keylog', look)
    await once(socket, 'secureConnect')
    const server = await relayed.nextServer()
    await turns(1)
    expect([...states]).toEqual(['open'])
    expect(new Set(own).size).toBe(1)
    // Their records were met by a search while their own handshakes were on the stack.
    expect(own[0]?.state).toBe('open')
    expect(await closeBoth([socket, server])).toMatchObject(clean)
    expect(await closeBoth(other)).toMatchObject(clean)
    await Promise.all(relayed.relay.wires.map((wire) => wire.seen('client', 'fin')))
    expect(relayed.relay.wires.map((wire) => wire.closing('client'))).toEqual([cleanEnd, cleanEnd])
  })

  test('a closure that is taken long after the handshake', async () => {
    const relayed = await serve()
    const sockets = await open(relayed)
    await turns(50)
    sockets[0].write('hello')
    await once(sockets[1], 'readable')
    expect(await closeBoth(sockets)).toMatchObject(clean)
  })

  test('raw calls from inside OpenSSL, where ticks and promises run too, are refused by name', async () => {
    const relayed = await serve()
    const socket = connect({ ...relayed.client, ...versions })
    onTestFinished(() => void socket.destroy())
    const closure = closureOf(socket)
    const codes: Record<string, unknown> = {}
    const attempt = (when: string) => {
      try {
        codes[when] = closure.sslShutdown().value
      } catch (error) {
        codes[when] = error instanceof Error ? Reflect.get(error, 'code') : error
      }
    }
    const done = new Promise<void>((resolve) => {
      socket.once('secureConnect', () => {
        attempt('event')
        process.nextTick(() => attempt('tick'))
        void Promise.resolve().then(() => attempt('promise'))
        setImmediate(() =>
          setImmediate(() => {
            attempt('immediate')
            resolve()
          }),
        )
      })
    })
    await done
    const inside = 'ERR_CLOSURE_INSIDE_OPENSSL'
    expect(codes).toEqual({ event: inside, tick: inside, promise: inside, immediate: 0 })
    socket.destroy()
  })
})
