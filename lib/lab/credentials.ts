/**
 * Keys and certificates, made when they are asked for: none lies in the repository or in the package. They are for the
 * lab, the tests and the benchmarks, and protect nothing.
 *
 *     const { key, cert } = await credentialsFor('localhost')
 */
import { generateKeyPair, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { certificateOf } from './certificate.js'

/** PEM, as the options of `tls` and of `createContext()` take it. */
export interface Credentials {
  readonly key: string
  readonly cert: string
}

const made = new Map<string, Promise<Credentials>>()

/**
 * A P-256 key and its self-signed certificate for the host name and for 127.0.0.1, good for a year. They are the same
 * ones whenever this process asks.
 */
export function credentialsFor(host: string): Promise<Credentials> {
  const kept = made.get(host)
  if (kept !== undefined) return kept
  const making = makeCredentials({ host, ca: true })
  made.set(host, making)
  return making
}

export interface CredentialsOptions {
  readonly host: string
  /** Whether it may sign others, and may be trusted as a root. */
  readonly ca: boolean
  /** More names of hosts. */
  readonly alsoFor?: readonly string[]
  /** Signs it; otherwise it signs itself. */
  readonly signer?: Credentials
}

/** New ones each time. */
export async function makeCredentials({ host, ca, alsoFor = [], signer }: CredentialsOptions): Promise<Credentials> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const now = Date.now()
  const cert = certificateOf({
    name: host,
    hosts: [...new Set([host, ...alsoFor, '127.0.0.1'])],
    ca,
    // Another machine's clock may be behind.
    notBefore: new Date(now - day),
    notAfter: new Date(now + 365 * day),
    key,
    issuer: signer === undefined ? { name: host, key } : { name: nameOf(signer), key: signer.key },
  })
  return { key, cert }
}

// One of ours, whose subject is a common name alone.
function nameOf({ cert }: Credentials): string {
  return new X509Certificate(cert).subject.replace(/^CN=/, '')
}

const day = 24 * 60 * 60 * 1000
