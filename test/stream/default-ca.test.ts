// Where no `ca` is given the servers are trusted that Node trusts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { connect, createServer } from '../../lib/stream/index.js'
import { certificate } from '../support/certificate.js'
import { collect, once } from '../support/streams.js'
import { factsOfProgram } from '../hazards/child.js'
import { libraries, portOf } from './pair.js'

const { key, cert, host: servername } = certificate
// Since Node 22.15, and 22.19.
const knowsCa = typeof Reflect.get(tls, 'getCACertificates') === 'function'
const setCa: unknown = Reflect.get(tls, 'setDefaultCACertificates')

async function codeOfConnect(): Promise<string | undefined> {
  const server = createServer({ key, cert }, (stream) =>
    stream
      .on('error', () => undefined)
      .resume()
      .end(),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const local = connect({ port: portOf(server), host: '127.0.0.1', servername })
  return (await collect(local)).error?.code
}

test.skipIf(knowsCa)('those of NODE_EXTRA_CA_CERTS too, but for what is no certificate', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'default-ca-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'extra.pem')
  const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
  writeFileSync(file, `a comment\n${damaged}${cert}${damaged}`)
  process.env['NODE_EXTRA_CA_CERTS'] = file
  onTestFinished(() => void Reflect.deleteProperty(process.env, 'NODE_EXTRA_CA_CERTS'))
  expect(await codeOfConnect()).toBeUndefined()
})

test.skipIf(typeof setCa !== 'function')('those that tls.setDefaultCACertificates() names, from then on', async () => {
  if (typeof setCa !== 'function') return
  expect(await codeOfConnect()).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
  Reflect.apply(setCa, tls, [[cert]])
  onTestFinished(() => void Reflect.apply(setCa, tls, [[...tls.rootCertificates]]))
  expect(await codeOfConnect()).toBeUndefined()
})

describe('as a process of stock Node that is started with', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'default-ca-'))
  const file = path.join(folder, 'cert.pem')
  writeFileSync(file, cert)
  afterAll(() => rmSync(folder, { recursive: true }))
  const store = { SSL_CERT_FILE: file, SSL_CERT_DIR: folder }
  const flag = '--use-openssl-ca'

  const starts: readonly Start[] = [
    { name: 'nothing', trusts: false },
    { name: "OpenSSL's store alone, which is not looked at", env: store, trusts: false },
    { name: flag, execArgv: [flag], env: store, trusts: true },
    {
      name: `${flag}, and nothing in the store`,
      execArgv: [flag],
      env: { SSL_CERT_FILE: '/', SSL_CERT_DIR: '/' },
      trusts: false,
    },
    {
      name: `${flag} in NODE_OPTIONS`,
      env: { ...store, NODE_OPTIONS: '--no-warnings --use_openssl_ca' },
      trusts: true,
    },
    {
      name: `${flag}, which is not taken back`,
      execArgv: ['--no-use-openssl-ca'],
      env: { ...store, NODE_OPTIONS: flag },
      trusts: true,
    },
    { name: `${flag} and NODE_EXTRA_CA_CERTS`, execArgv: [flag], env: { NODE_EXTRA_CA_CERTS: file }, trusts: true },
    { name: '--use-bundled-ca', execArgv: ['--use-bundled-ca'], env: store, trusts: false },
  ]

  describe.each(libraries)('$name', ({ openssl: { libssl = '' } }) => {
    test.each(starts)('$name', async ({ execArgv = [], env = {}, trusts }) => {
      const facts = await factsOfProgram('default-ca.mjs', [libssl], { execArgv, env })
      for (const fact of facts) expect(fact).toEqual(alike(fact))
      expect(JSON.stringify(facts[0]).includes('trusted')).toBe(trusts)
    })
  })
})

interface Start {
  readonly name: string
  readonly execArgv?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly trusts: boolean
}

function alike(fact: unknown): unknown {
  if (typeof fact !== 'object' || fact === null || !('stock' in fact)) throw new Error('Expected what stock Node did')
  return { stock: fact.stock, stream: fact.stock }
}
