/**
 * Makes the keys and certificates of the tests once before them, where none are left or they end within a month:
 * certificate.ts, command line tools and child processes read them from .cache/certificates.
 */
import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { credentialsFor } from '../../lib/lab/credentials.js'

const cache = fileURLToPath(new URL('../../.cache/', import.meta.url))
const folder = path.join(cache, 'certificates')
const hosts = ['localhost', 'other.test']
const month = 30 * 24 * 60 * 60 * 1000

export default async function makeCertificates(): Promise<void> {
  if (hosts.every(isGood)) return
  mkdirSync(cache, { recursive: true })
  const aside = mkdtempSync(path.join(cache, '.certificates-'))
  for (const host of hosts) {
    const { key, cert } = await credentialsFor(host)
    writeFileSync(path.join(aside, `${host}.key.pem`), key, { mode: 0o600 })
    writeFileSync(path.join(aside, `${host}.cert.pem`), cert)
  }
  // In one step, so that a key and a certificate that are there belong together.
  rmSync(folder, { recursive: true, force: true })
  renameSync(aside, folder)
}

function isGood(host: string): boolean {
  const certificate = path.join(folder, `${host}.cert.pem`)
  if (!existsSync(certificate) || !existsSync(path.join(folder, `${host}.key.pem`))) return false
  return Date.parse(new X509Certificate(readFileSync(certificate)).validTo) > Date.now() + month
}
