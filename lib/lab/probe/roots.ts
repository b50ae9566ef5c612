/** The certificates that Node itself trusts, as `tls.connect()` does where it is given none. */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import tls from 'node:tls'

/** PEM. */
export function trustedByNode(): string {
  // Since Node 22.15: with what --use-system-ca and the like add.
  const get: unknown = Reflect.get(tls, 'getCACertificates')
  const all: unknown = typeof get === 'function' ? Reflect.apply(get, tls, ['default']) : undefined
  return Array.isArray(all) && all.length > 0 ? all.join('\n') : [...tls.rootCertificates, ...extraOnes()].join('\n')
}

/** Those of NODE_EXTRA_CA_CERTS. A file that cannot be read adds nothing, as in Node, which warns of it itself. */
function extraOnes(): readonly string[] {
  const file = process.env['NODE_EXTRA_CA_CERTS']
  if (file === undefined || file === '') return []
  try {
    return readFileSync(file, 'latin1').match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? []
  } catch {
    return []
  }
}
