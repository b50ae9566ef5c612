/** The libssl builds that load in this process, one per SONAME: the tests of the engine run on each. */
import { findBuilds } from '../../lib/lab/builds.js'
import { ClosureError, loadOpenSSL, type OpenSSL } from '../../lib/openssl/index.js'
import { presentBuilds } from '../support/builds.js'

export interface LoadedBuild {
  readonly name: string
  readonly openssl: OpenSSL
}

/** AddressSanitizer takes no library by its path (RTLD_DEEPBIND): under it the process's own is the only one. */
const ownOnly = process.env['CLOSE_NOTIFY_TEST_BUILDS'] === 'own'

export const builds: readonly LoadedBuild[] = [...findBuilds({ system: true }), ...presentBuilds().slice(1)]
  .filter(({ libssl }) => libssl === undefined || !ownOnly)
  .flatMap(({ name, libssl, loader }) => {
    const openssl = loader === undefined ? load(libssl) : undefined
    return openssl === undefined ? [] : [{ name: libssl === undefined ? 'own' : name, openssl }]
  })

/** Each with the two versions of the protocol. */
export const buildsAndVersions = builds.flatMap(({ name, openssl }) => [
  { name, openssl, version: 'TLSv1.2' } as const,
  { name, openssl, version: 'TLSv1.3' } as const,
])

/** The OpenSSLs among them; the others are made after BoringSSL. */
export const openssls = builds.filter(({ openssl }) => openssl.kind === 'OpenSSL')

function load(libssl: string | undefined): OpenSSL | undefined {
  try {
    return loadOpenSSL(libssl)
  } catch (error) {
    if (error instanceof ClosureError && error.code === 'ERR_OPENSSL_SONAME_IN_USE') return undefined
    throw error
  }
}
