// The programs that tests talk to: what they are, which packages of Debian 12 bring them, and where they lie.
// `node scripts/peers/fetch.mjs` puts them into .cache/peers. Their packages are pinned in pins.json, with the libraries
// that they need.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const peersFolder = fileURLToPath(new URL('../../.cache/peers/', import.meta.url))
export const pinsFile = fileURLToPath(new URL('pins.json', import.meta.url))
export const release = 'bookworm'

/** Each with its packages, the one that names its version first, and its programs by the name that they are called by. */
export const peers = [
  { name: 'openssl', packages: ['openssl'], programs: { openssl: 'usr/bin/openssl' } },
  {
    name: 'gnutls',
    packages: ['gnutls-bin'],
    programs: { 'gnutls-serv': 'usr/bin/gnutls-serv', 'gnutls-cli': 'usr/bin/gnutls-cli' },
  },
  { name: 'curl', packages: ['curl'], programs: { curl: 'usr/bin/curl' } },
  {
    name: 'postgresql',
    packages: ['postgresql-15', 'postgresql-client-15'],
    programs: Object.fromEntries(
      ['postgres', 'initdb', 'psql'].map((name) => [name, `usr/lib/postgresql/15/bin/${name}`]),
    ),
  },
  { name: 'nginx', packages: ['nginx'], programs: { nginx: 'usr/sbin/nginx' } },
  { name: 'vsftpd', packages: ['vsftpd'], programs: { vsftpd: 'usr/sbin/vsftpd' } },
]

/**
 * The libraries that are left out. A machine that compiles C++ has the first three, and newer ones than these may be:
 * a library that is found before them could not be loaded then. LLVM is large, and PostgreSQL's without JIT is as good.
 */
export const without = ['libc6', 'libgcc-s1', 'libstdc++6', 'libllvm14']

/** The content of peer.json: paths are relative to the folder it lies in. */
export function descriptionOf({ name, programs }) {
  return { name, programs, libraryPath: ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'] }
}

/** By peer the pins of its packages, by their names: its own first, then the libraries. */
export function readPins() {
  return JSON.parse(readFileSync(pinsFile, 'utf8'))
}
