import { createPrivateKey } from 'node:crypto'
import tls from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { trackingCounts } from '../../lib/native/addon.js'
import { loadOpenSSL } from '../../lib/openssl/index.js'
import { connectPair, type SslPair } from '../openssl/ssl-pair.js'
import { pairFor } from './pairs.js'

const engine: SslPair[] = []

afterEach(() => {
  for (const { client, server, clientContext, serverContext } of engine.splice(0)) {
    for (const object of [client, server, clientContext, serverContext]) object.free()
  }
})

test("SSLs of the engine on the process's own OpenSSL are never taken for those of Node's sockets", async () => {
  const openssl = loadOpenSSL()
  const before = trackingCounts()
  for (let i = 0; i < 20; i++) engine.push(connectPair(openssl, { version: i % 2 === 0 ? 'TLSv1.2' : 'TLSv1.3' }))
  const { client, server } = await pairFor({ version: 'TLSv1.3' })
  client.resume()
  server.resume()
  const report = await closureOf(client).shutdown({ mode: 'bidirectional', waitTimeout: 20_000 })
  expect(report.verdict).toBe('clean')
  // Looked at, and left alone: only Node's own two can be found.
  expect(trackingCounts().indexed - before.indexed).toBeLessThanOrEqual(2)
  expect(trackingCounts().live - before.live).toBeGreaterThanOrEqual(40)
  for (const each of engine) {
    expect(each.client.shutdown().value).toBe(0)
    each.server.receive(each.client.transmit())
    expect(each.server.read().error).toBe('SSL_ERROR_ZERO_RETURN')
  }
})

test("errors that an engine's SSL leaves in OpenSSL's queue are not there for Node's next call", () => {
  const openssl = loadOpenSSL()
  const broken = openssl.createContext({ side: 'client' }).createSsl()
  expect(broken.shutdown().queue.map(({ reason }) => reason)).toEqual(['shutdown while in init'])
  // Node takes the oldest entry of the queue for the reason of its own failure.
  expect(() => tls.createSecureContext({ ciphers: 'no such cipher' })).toThrow('no cipher match')
  expect(() => openssl.createContext({ side: 'client', ciphers: 'no such cipher' })).toThrow('no cipher match')
  expect(() => createPrivateKey('no key')).toThrow('DECODER routines::unsupported')
  broken.free()
})
