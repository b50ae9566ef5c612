// The certificates that are trusted where the program names none: those of node:tls, so that what it trusts is trusted here.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import tls from 'node:tls'

export interface DefaultCa {
  /** Undefined where there is none. */
  readonly pem: string | undefined
  /** Whether what OpenSSL trusts by default is trusted beside them: SSL_CTX_set_default_verify_paths(3). */
  readonly defaultVerifyPaths: boolean
  /** Another number for other certificates. */
  readonly edition: number
}

let current: { readonly list: readonly string[]; readonly ca: DefaultCa } | undefined

/** They may change: tls.setDefaultCACertificates(). */
export function defaultCa(): DefaultCa {
  const list = nodesOwn() ?? bundled()
  if (current?.list !== list) {
    const besideStore = trustedBesideStore(list)
    const trusted = besideStore ?? list
    const pem = trusted.length === 0 ? undefined : trusted.join('\n')
    const defaultVerifyPaths = besideStore !== undefined
    current = { list, ca: { pem, defaultVerifyPaths, edition: (current?.ca.edition ?? 0) + 1 } }
  }
  return current.ca
}

// Whether Node was told, or built, to trust what OpenSSL trusts by default, in place of the certificates that it carries. A later
// `--no-use-openssl-ca` takes that back for no Node.
function usesStoreOfOpenssl(): boolean {
  const given = [...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/), ...process.execArgv]
  const isGiven = (name: string) => given.some((option) => option.replaceAll('_', '-') === name)
  return isGiven('--use-openssl-ca') || (isBuiltForIt() && !isGiven('--use-bundled-ca'))
}

// As Debian builds it. Other runtimes have another object there.
function isBuiltForIt(): boolean {
  return JSON.stringify(process.config).includes('"NODE_OPENSSL_CERT_STORE"')
}

// Since Node 22.15; the same array until something else is trusted.
function nodesOwn(): readonly string[] | undefined {
  const getCACertificates: unknown = Reflect.get(tls, 'getCACertificates')
  if (typeof getCACertificates !== 'function') return undefined
  const list: unknown = Reflect.apply(getCACertificates, tls, ['default'])
  return Array.isArray(list) && list.every((each) => typeof each === 'string') ? list : undefined
}

// Where OpenSSL's store counts: what is trusted beside it. Undefined where the list itself counts, also because
// tls.setDefaultCACertificates() has named it; untouched, it is what Node carries, or nothing, and those of NODE_EXTRA_CA_CERTS.
function trustedBesideStore(list: readonly string[]): readonly string[] | undefined {
  if (list !== atStart) return undefined
  const extra = extraCa()
  const untouched = [extra, [...tls.rootCertificates, ...extra]]
  return untouched.some((each) => bodiesOf(each) === bodiesOf(list)) ? extra : undefined
}

function bodiesOf(certificates: readonly string[]): string {
  return certificates.map((pem) => pem.replaceAll(/-----[^-]*-----|\s/g, '')).join()
}

let older: readonly string[] | undefined

function bundled(): readonly string[] {
  older ??= [...tls.rootCertificates, ...extraCa()]
  return older
}

// As Node has it: read once, and what cannot be read is left out. Node has warned of it.
function extraCa(): readonly string[] {
  const file = process.env['NODE_EXTRA_CA_CERTS']
  if (file === undefined || file === '') return []
  try {
    return [...readFileSync(file, 'utf8').matchAll(certificates)].map(([pem]) => pem).filter(isCertificate)
  } catch {
    return []
  }
}

const certificates = /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END \1CERTIFICATE-----/g

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

// Looked up at once where it counts, before the program may name others.
const atStart = usesStoreOfOpenssl() ? (nodesOwn() ?? bundled()) : undefined
