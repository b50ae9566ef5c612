// The certificates that are trusted where the program names none: those of node:tls, so that what it trusts is trusted here.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import tls from 'node:tls'

export interface DefaultCa {
  readonly pem: string
  /** Another number for other certificates. */
  readonly edition: number
}

let current: { readonly list: readonly string[]; readonly ca: DefaultCa } | undefined

/** They may change: tls.setDefaultCACertificates(). */
export function defaultCa(): DefaultCa {
  const list = nodesOwn() ?? bundled()
  if (current?.list !== list) current = { list, ca: { pem: list.join('\n'), edition: (current?.ca.edition ?? 0) + 1 } }
  return current.ca
}

// Since Node 22.15; the same array until something else is trusted.
function nodesOwn(): readonly string[] | undefined {
  const getCACertificates: unknown = Reflect.get(tls, 'getCACertificates')
  if (typeof getCACertificates !== 'function') return undefined
  const list: unknown = Reflect.apply(getCACertificates, tls, ['default'])
  return Array.isArray(list) && list.every((each) => typeof each === 'string') ? list : undefined
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
