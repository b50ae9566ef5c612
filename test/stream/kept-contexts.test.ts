// connect() makes the context of the same options once, with keys too: to read the roots takes tens of ms.
import { expect, onTestFinished, test, vi } from 'vitest'
import { connect, type ConnectOptions, createServer } from '../../lib/stream/index.js'
import { certificate, otherCertificate } from '../support/certificate.js'
import { once } from '../support/streams.js'
import { libraries, portOf } from './pair.js'

const { key, cert } = certificate
const shown = { key: otherCertificate.key, cert: otherCertificate.cert }

const rows: readonly (readonly [string, ConnectOptions, ConnectOptions, number])[] = [
  ['none', {}, {}, 1],
  ['certificate and key', shown, { ...shown }, 1],
  ['the same as bytes', shown, { key: Buffer.from(shown.key), cert: Buffer.from(shown.cert) }, 1],
  ['an empty passphrase', { ...shown }, { ...shown, passphrase: '' }, 2],
  ['another key', shown, { key, cert }, 2],
  ['another ca', { ca: cert }, { ca: otherCertificate.cert }, 2],
  ['the same ca as an array', { ca: cert }, { ca: [cert] }, 1],
  ['a certificate in place of a ca', { ca: cert }, { cert }, 2],
  ['another range of versions', { ...shown, minVersion: 'TLSv1.2' }, { ...shown, minVersion: 'TLSv1.3' }, 2],
  ['rejectUnauthorized', { ...shown, rejectUnauthorized: true }, { ...shown, rejectUnauthorized: false }, 2],
]

test.each(libraries.flatMap((library) => rows.map((row) => [library.name, ...row, library] as const)))(
  '%s: %s',
  async (_library, _name, one, other, count, { openssl }) => {
    const server = createServer({ key, cert }, (stream) => void stream.on('error', () => undefined).resume())
    server.on('tlsClientError', () => undefined)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    // Never said before, so that no other test has made it.
    const ALPNProtocols = [`test-${Math.random()}`]
    const making = vi.spyOn(openssl, 'createContext')
    onTestFinished(() => making.mockRestore())
    const address = { port: portOf(server), host: '127.0.0.1', servername: 'localhost', openssl, ALPNProtocols }
    for (const options of [one, other]) {
      const local = connect({ ...address, ...options }).on('error', () => undefined)
      const closed = new Promise((resolve) => void local.once('close', resolve))
      local.once('secure', () => local.destroy())
      await closed
    }
    expect(making).toHaveBeenCalledTimes(count)
  },
)

test('the contexts of servers are their own, for each encrypts its tickets', () => {
  const { openssl } = libraries[0] ?? {}
  if (openssl === undefined) return
  const making = vi.spyOn(openssl, 'createContext')
  onTestFinished(() => making.mockRestore())
  createServer({ key, cert, openssl })
  createServer({ key, cert, openssl })
  expect(making).toHaveBeenCalledTimes(2)
})
