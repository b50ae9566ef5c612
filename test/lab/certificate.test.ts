import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { type CertificateFacts, certificateOf } from '../../lib/lab/certificate.js'
import { credentialsFor } from '../../lib/lab/index.js'

const keyOf = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const key = keyOf()
const facts: CertificateFacts = {
  name: 'localhost',
  hosts: ['localhost', '127.0.0.1'],
  ca: true,
  notBefore: new Date('2026-01-02T03:04:05Z'),
  notAfter: new Date('2027-01-02T03:04:05Z'),
  key,
  issuer: { name: 'localhost', key },
}
const read = (some: Partial<CertificateFacts>) => new X509Certificate(certificateOf({ ...facts, ...some }))

test('Node reads in a certificate what was written', () => {
  const certificate = read({})
  expect(certificate.subject).toBe('CN=localhost')
  expect(certificate.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1')
  expect(certificate.validFrom).toBe('Jan  2 03:04:05 2026 GMT')
  expect(certificate.validTo).toBe('Jan  2 03:04:05 2027 GMT')
  expect(certificate.ca).toBe(true)
  expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true)
  expect(certificate.verify(certificate.publicKey)).toBe(true)
})

test.each([2049, 2050, 2101])('a year of two digits and of four: %i', (year) => {
  const { validTo } = read({ notAfter: new Date(Date.UTC(year, 11, 31, 23, 59, 59)) })
  expect(validTo).toBe(`Dec 31 23:59:59 ${year} GMT`)
})

test('lengths of one byte and of more', () => {
  for (const count of [1, 5, 30, 400]) {
    const hosts = Array.from({ length: count }, (_, index) => `host-${index}.test`)
    const certificate = read({ hosts })
    for (const host of hosts) expect(certificate.checkHost(host)).toBe(host)
    expect(certificate.checkHost('other.test')).toBeUndefined()
  }
})

test('one that another has signed', () => {
  const authority = read({ name: 'authority' })
  const signed = read({ name: 'leaf', ca: false, key: keyOf(), issuer: { name: 'localhost', key } })
  expect(signed.ca).toBe(false)
  expect(signed.checkIssued(read({}))).toBe(true)
  expect(signed.checkIssued(authority)).toBe(false)
  expect(signed.verify(authority.publicKey)).toBe(true)
  expect(signed.verify(signed.publicKey)).toBe(false)
})

test('credentials are the same ones for a host whenever a process asks', async () => {
  const credentials = await credentialsFor('localhost')
  expect(await credentialsFor('localhost')).toBe(credentials)
  expect(new X509Certificate(credentials.cert).checkIP('127.0.0.1')).toBe('127.0.0.1')
})
