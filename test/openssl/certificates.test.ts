// The certificates of a connection: ours, those that the peer has sent, and those that are trusted behind them.
import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Credentials, makeCredentials } from '../../lib/lab/credentials.js'
import { certificate, otherCertificate } from '../support/certificate.js'
import { buildsAndVersions } from './builds.js'
import { connectPair, handshake, makePair } from './ssl-pair.js'

let root: Credentials
let intermediate: Credentials
let leaf: Credentials

beforeAll(async () => {
  root = await makeCredentials({ host: 'root.test', ca: true })
  intermediate = await makeCredentials({ host: 'intermediate.test', ca: true, signer: root })
  leaf = await makeCredentials({ host: 'leaf.test', ca: false, signer: intermediate })
})

const names = (ders: readonly Buffer[]) => ders.map((der) => new X509Certificate(der).subject)

describe.each(buildsAndVersions)('$name, $version', ({ openssl, version }) => {
  test('of a chain the peer has sent a part, and the rest is trusted', () => {
    const shown = { cert: leaf.cert + intermediate.cert, key: leaf.key }
    const { client, server } = connectPair(openssl, {
      version,
      client: { ...shown, ca: root.cert, verify: 'peer' },
      server: { ...shown, ca: root.cert, verify: 'require' },
    })
    for (const ssl of [client, server]) {
      expect(names(ssl.getPeerChain())).toEqual(['CN=leaf.test', 'CN=intermediate.test'])
      expect(names(ssl.getTrustedIssuers())).toEqual(['CN=root.test'])
      expect(new X509Certificate(ssl.getCertificate() ?? '').subject).toBe('CN=leaf.test')
      expect(ssl.getPeerChain()[0]).toEqual(ssl.getPeerCertificate())
    }
  })

  test('a whole chain, one that ends in itself, and none', () => {
    const whole = { cert: leaf.cert + intermediate.cert + root.cert, key: leaf.key }
    const sent = connectPair(openssl, { version, client: { ca: root.cert }, server: whole }).client
    expect(names(sent.getPeerChain())).toEqual(['CN=leaf.test', 'CN=intermediate.test', 'CN=root.test'])
    expect(sent.getTrustedIssuers()).toEqual([])
    const { client, server } = connectPair(openssl, { version, client: { ca: certificate.cert } })
    expect(names(client.getPeerChain())).toEqual(['CN=localhost'])
    expect([client.getTrustedIssuers(), client.getCertificate()]).toEqual([[], undefined])
    expect([server.getPeerChain(), server.getTrustedIssuers()]).toEqual([[], []])
  })

  test.each([
    ['an untrusted one', { cert: otherCertificate.cert, key: otherCertificate.key }, 18],
    ['none', {}, 0],
  ] as const)("verify: 'report' of a server lets a client pass with %s, and tells", (_name, shown, code) => {
    const pair = makePair(openssl, { version, client: shown, server: { verify: 'report', ca: certificate.cert } })
    expect(handshake(pair).server.value).toBe(1)
    expect([pair.server.getVerifyMode(), pair.server.getVerifyResult().code]).toEqual(['peer', code])
    expect(pair.server.getPeerChain().length).toBe(code === 0 ? 0 : 1)
  })

  test.each(['none', 'peer', 'require'] as const)('the mode that was set is told: %s', (verify) => {
    const { client, server } = makePair(openssl, { version, server: { verify } })
    expect([client.getVerifyMode(), server.getVerifyMode()]).toEqual(['none', verify])
    client.setVerify(verify)
    expect(client.getVerifyMode()).toBe(verify)
  })
})
