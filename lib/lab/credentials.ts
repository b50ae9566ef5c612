/**
 * Keys and certificates, made when they are asked for: none lies in the repository or in the package. They are for the
 * lab, the tests and the benchmarks, and protect nothing.
 *
 *     const { key, cert } = await credentialsFor('localhost')
 *
 * `selfsigned` makes them: Node makes keys but no certificates, and a program such as openssl may not be there. It is
 * loaded by the first call, so that whoever only names this file does not pay for it.
 */

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
  const { generate } = await import('selfsigned')
  const now = Date.now()
  const { private: key, cert } = await generate([{ name: 'commonName', value: host }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // Another machine's clock may be behind.
    notBeforeDate: new Date(now - day),
    notAfterDate: new Date(now + 365 * day),
    extensions: [
      { name: 'basicConstraints', cA: ca, critical: true },
      {
        name: 'subjectAltName',
        altNames: [...[host, ...alsoFor].map((value) => ({ type: 2, value }) as const), { type: 7, ip: '127.0.0.1' }],
      },
    ],
    ...(signer !== undefined && { ca: signer }),
  })
  return { key: key.trim() + '\n', cert: cert.trim() + '\n' }
}

const day = 24 * 60 * 60 * 1000
