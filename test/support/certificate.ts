/**
 * Keys and self-signed certificates for tests: one for `localhost` and 127.0.0.1, one for a second host name (SNI).
 *
 * They are committed, so that a test run needs no tool to make them. They protect nothing and are trusted by nothing
 * but these tests. Made, for 100 years, with
 *
 *     openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=localhost \
 *       -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout localhost.key.pem -out localhost.cert.pem
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
  const keyFile = fileURLToPath(new URL(`certificates/${host}.key.pem`, import.meta.url))
  const certFile = fileURLToPath(new URL(`certificates/${host}.cert.pem`, import.meta.url))
  return { host, key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8'), keyFile, certFile }
}
