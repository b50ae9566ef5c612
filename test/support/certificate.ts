/**
 * Keys and self-signed certificates for tests: one for `localhost` and 127.0.0.1, one for a second host name (SNI).
 * make-certificates.ts makes them, before all tests, into .cache/certificates.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface TestCertificate {
  readonly host: string
  /** PEM, as `tls` options take it. */
  readonly key: string
  readonly cert: string
  /** Paths of the same, as command line tools take them. */
  readonly keyFile: string
  readonly certFile: string
}

export const certificate = load('localhost')

/** For a second host name that a server chooses by SNI. */
export const otherCertificate = load('other.test')

function load(host: string): TestCertificate {
  const fileOf = (what: string) =>
    fileURLToPath(new URL(`../../.cache/certificates/${host}.${what}.pem`, import.meta.url))
  const [keyFile, certFile] = [fileOf('key'), fileOf('cert')]
  return { host, key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8'), keyFile, certFile }
}
