// A client's certificate on our server counts as with tls.Server: at each handshake, and only where there is one.
import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { connect, type ConnectionOptions, createSecureContext, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startTls, type StartTlsServerOptions } from '../../lib/index.js'
import { tcpPair } from '../closure/tls-over.js'
import { certificate, otherCertificate } from '../support/certificate.js'
import { tlsVersions } from '../support/pair.js'
import { once } from '../support/streams.js'
import { until } from './started.js'

const { key, cert, host: servername } = certificate
const identities = {
  none: {},
  untrusted: { key: otherCertificate.key, cert: otherCertificate.cert },
  trusted: { key, cert },
}

interface Connected {
  readonly server: TLSSocket
  readonly client: TLSSocket
  readonly tcp: Socket
  readonly errors: readonly Error[]
}

/** Our server, and a client of stock Node. */
async function connected(
  options: Omit<StartTlsServerOptions, 'isServer'>,
  clientOptions: ConnectionOptions,
): Promise<Connected> {
  const { near: tcp, far } = await tcpPair()
  const { socket: server } = startTls(tcp, { isServer: true, key, cert, ca: cert, ...options })
  const client = connect({ ca: cert, servername, ...clientOptions, socket: far })
  const errors: Error[] = []
  server.on('error', (error: Error) => errors.push(error))
  client.on('error', () => undefined).resume()
  for (const socket of [server, client]) onTestFinished(() => void socket.destroy())
  return { server, client, tcp, errors }
}

describe('a renegotiation, TLS 1.2', () => {
  test.each(['untrusted', 'trusted'] as const)('asks for the certificate, which is %s', async (identity) => {
    const version = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const
    // A resumed session would bring no certificate.
    const options = { ...version, secureOptions: constants.SSL_OP_NO_TICKET }
    const { server, tcp, errors } = await connected(options, identities[identity])
    await once(server, 'secureConnect')
    let secured = 0
    server.on('secureConnect', () => secured++)
    server.resume()
    const again = new Promise((resolve) => server.once('secure', resolve))
    server.renegotiate({ requestCert: true, rejectUnauthorized: true }, () => undefined)
    await again
    if (identity === 'trusted') expect(server).toMatchObject({ authorized: true, destroyed: false })
    else {
      await until(() => tcp.destroyed)
      expect(server.authorized).toBe(false)
      expect(errors).toMatchObject([{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }])
    }
    expect(secured).toBe(0)
  })
})

test('a session of TLS 1.3 that began without a certificate does not stand for one', async () => {
  const secureContext = createSecureContext({ key, cert, ca: cert, sessionIdContext: 'one', minVersion: 'TLSv1.3' })
  const first = await connected({ secureContext, requestCert: false }, {})
  const session = await new Promise<Buffer>((resolve) => first.client.once('session', resolve))
  const second = await connected({ secureContext, requestCert: true }, { session })
  await once(second.client, 'secureConnect')
  expect(second.client.isSessionReused()).toBe(true)
  await until(() => second.tcp.destroyed)
  expect(second.server.authorized).toBe(false)
  expect(second.errors).toMatchObject([{ code: 'UNABLE_TO_GET_ISSUER_CERT' }])
})

describe.each(tlsVersions)('%s', (version) => {
  const versions = { minVersion: version, maxVersion: version } as const

  test('whatever makes Node ask makes us look', async () => {
    // @ts-expect-error: not a boolean, which Node takes for one
    const { server, tcp } = await connected({ ...versions, requestCert: 1 }, identities.untrusted)
    await expect(once(server, 'secureConnect')).rejects.toBeInstanceOf(Error)
    await until(() => tcp.destroyed)
  })

  test.each(['none', 'untrusted', 'trusted'] as const)('where none is required: %s', async (identity) => {
    const options = { ...versions, requestCert: true, rejectUnauthorized: false }
    const { server } = await connected(options, identities[identity])
    await once(server, 'secureConnect')
    const codes = {
      none: 'UNABLE_TO_GET_ISSUER_CERT',
      untrusted: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      trusted: null,
    } as const
    expect(server).toMatchObject({
      authorized: identity === 'trusted',
      authorizationError: codes[identity],
      secureConnecting: false,
    })
  })
})
