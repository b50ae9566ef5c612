// Where no `ca` is given the servers are trusted that Node trusts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { connect, createServer } from '../../lib/stream/index.js'
import { certificate } from '../support/certificate.js'
import { collect, once } from '../support/streams.js'
import { portOf } from './pair.js'

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
