import { Duplex } from 'node:stream'
import { connect, createSecureContext, TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { trackingCounts } from '../../lib/native/addon.js'
import { certificate } from '../support/certificate.js'
import { tlsVersions } from '../support/pair.js'
import { once } from '../support/streams.js'
import { answering, turns } from './pairs.js'
import { relayedServer } from './relayed.js'

describe.each(tlsVersions)('unfinished handshakes, %s', (version) => {
  const versions = { minVersion: version, maxVersion: version } as const

  test('a closure taken before the handshake is the one of the socket afterwards', async () => {
    const relayed = await relayedServer(versions)
    const socket = connect({ ...relayed.client, ...versions })
    const closure = closureOf(socket)
    expect(closure.state).toBe('handshake')
    expect(() => closure.getShutdown()).toThrow(expect.objectContaining({ code: 'ERR_CLOSURE_HANDSHAKE_PENDING' }))
    await expect(closure.shutdown()).rejects.toMatchObject({ code: 'ERR_CLOSURE_HANDSHAKE_PENDING' })
    await expect(closure.closeNotify()).rejects.toMatchObject({ code: 'ERR_CLOSURE_HANDSHAKE_PENDING' })
    await once(socket, 'secureConnect')
    expect(closureOf(socket)).toBe(closure)
    expect(closure.state).toBe('open')
    answering(await relayed.nextServer())
    socket.resume()
    expect(await closure.shutdown({ mode: 'bidirectional' })).toMatchObject({ verdict: 'clean' })
  })

  test.each([
    ['the server has no protocol in common', { serverVersion: version === 'TLSv1.2' ? 'TLSv1.3' : 'TLSv1.2' }, {}],
    [
      'the server has no cipher in common',
      {},
      { ciphers: version === 'TLSv1.2' ? 'AES128-SHA' : 'TLS_AES_128_CCM_SHA256' },
    ],
  ] as const)('a handshake fails because %s: no TLS connection was there to close', async (_why, server, client) => {
    const serverVersion = 'serverVersion' in server ? server.serverVersion : version
    const relayed = await relayedServer({ minVersion: serverVersion, maxVersion: serverVersion, ciphers: 'HIGH' })
    const socket = connect({ ...relayed.client, ...versions, ...client })
    const errors: Error[] = []
    socket.on('error', (error: Error) => errors.push(error))
    const { report } = closureOf(socket)
    expect(await report).toMatchObject({ verdict: 'no-handshake', handshake: 'not-completed', mode: 'uncontrolled' })
    await turns(2)
    expect(errors).toHaveLength(1)
  })

  test('a certificate is refused by the client: the handshake was completed, and the report tells the rest', async () => {
    const relayed = await relayedServer(versions)
    const { ca: _ca, ...client } = relayed.client
    const socket = connect({ ...client, ...versions })
    socket.on('error', () => undefined)
    const report = await closureOf(socket).report
    expect(report).toMatchObject({ handshake: 'completed', sent: { kind: 'nothing' }, received: { kind: 'nothing' } })
  })

  test('2,000 handshakes are unfinished: each socket finds its own SSL, and looking does not scan them again', async () => {
    const relayed = await relayedServer(versions)
    const before = trackingCounts().live
    const unfinished = unfinishedSockets(2000)
    onTestFinished(() => {
      for (const socket of unfinished) socket.destroy()
    })
    expect(trackingCounts().live).toBe(before + 2000)
    for (const socket of unfinished.slice(0, 1000)) closureOf(socket)

    for (let i = 0; i < 10; i++) {
      const socket = connect({ ...relayed.client, ...versions })
      await once(socket, 'secureConnect')
      const server = await relayed.nextServer()
      answering(server)
      socket.resume()
      await turns(1)
      const [closing, answer] = [closureOf(socket), closureOf(server)]
      expect(await closing.shutdown({ mode: 'bidirectional' })).toMatchObject({ verdict: 'clean', side: 'client' })
      expect(await answer.report).toMatchObject({ verdict: 'clean', side: 'server' })
      unfinished.push(...unfinishedSockets(5))
    }
    expect(unfinished.slice(0, 1000).every((socket) => closureOf(socket).state === 'handshake')).toBe(true)
  })
})

function unfinishedSockets(count: number): TLSSocket[] {
  const secureContext = createSecureContext({ key: certificate.key, cert: certificate.cert })
  return Array.from({ length: count }, () => {
    const transport = new Duplex({ read: () => undefined, write: (_chunk, _encoding, callback) => callback() })
    return new TLSSocket(transport, { isServer: true, secureContext }).on('error', () => undefined)
  })
}
