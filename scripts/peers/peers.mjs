// The programs that tests talk to: what they are, which packages of Debian 12 bring them, and where they lie.
// `node scripts/peers/fetch.mjs` puts them into .cache/peers. Their packages are pinned in pins.json, with the libraries
// that they need.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const peersFolder = fileURLToPath(new URL('../../.cache/peers/', import.meta.url))
export const pinsFile = fileURLToPath(new URL('pins.json', import.meta.url))
export const release = 'bookworm'

/**
 * Each with its packages, the one that names its version first, its programs by the name that they are called by, and
 * folders of libraries besides the usual ones. Those on demand are fetched where they are named, and only then.
 */
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
  { name: 'mariadb', packages: ['mariadb-server-core'], programs: { mariadbd: 'usr/sbin/mariadbd' } },
  { name: 'nginx', packages: ['nginx'], programs: { nginx: 'usr/sbin/nginx' } },
  { name: 'vsftpd', packages: ['vsftpd'], programs: { vsftpd: 'usr/sbin/vsftpd' } },
  {
    name: 'proftpd',
    packages: ['proftpd-core', 'proftpd-mod-crypto'],
    programs: { proftpd: 'usr/sbin/proftpd' },
  },
  // Those of the field round alone, `npm run field`, which has them fetched.
  { name: 'apache2', onDemand: true, packages: ['apache2-bin'], programs: { apache2: 'usr/sbin/apache2' } },
  {
    name: 'lighttpd',
    onDemand: true,
    packages: ['lighttpd', ...['openssl', 'gnutls', 'mbedtls', 'nss', 'wolfssl'].map((tls) => `lighttpd-mod-${tls}`)],
    programs: { lighttpd: 'usr/sbin/lighttpd' },
  },
  { name: 'caddy', onDemand: true, packages: ['caddy'], programs: { caddy: 'usr/bin/caddy' } },
  { name: 'haproxy', onDemand: true, packages: ['haproxy'], programs: { haproxy: 'usr/sbin/haproxy' } },
  { name: 'stunnel', onDemand: true, packages: ['stunnel4'], programs: { stunnel4: 'usr/bin/stunnel4' } },
  {
    name: 'dovecot',
    onDemand: true,
    packages: ['dovecot-core', 'dovecot-imapd'],
    programs: { dovecot: 'usr/sbin/dovecot' },
    folders: ['usr/lib/dovecot'],
  },
  // Those of the drivers round alone, `npm run drivers`, with dovecot.
  {
    name: 'redis',
    onDemand: true,
    packages: ['redis-server', 'redis-tools'],
    programs: { 'redis-server': 'usr/bin/redis-server' },
  },
  { name: 'mosquitto', onDemand: true, packages: ['mosquitto'], programs: { mosquitto: 'usr/sbin/mosquitto' } },
  {
    name: 'slapd',
    onDemand: true,
    packages: ['slapd'],
    programs: { slapd: 'usr/sbin/slapd' },
  },
  // Exim insists on a user of its own: the other package lets it believe that there is one.
  {
    name: 'exim',
    onDemand: true,
    packages: ['exim4-daemon-light', 'libnss-wrapper'],
    programs: { exim4: 'usr/sbin/exim4' },
  },
  // For the test records-and-tshark alone, which .ci/run has it fetched for: 190 MB unpacked.
  { name: 'tshark', onDemand: true, packages: ['tshark'], programs: { tshark: 'usr/bin/tshark' } },
  // For the tests of the metrics alone, which .ci/run has it fetched for: Prometheus with its promtool, 95 MB unpacked.
  {
    name: 'prometheus',
    onDemand: true,
    packages: ['prometheus'],
    programs: { prometheus: 'usr/bin/prometheus', promtool: 'usr/bin/promtool' },
  },
  // With a Java runtime: 200 MB.
  {
    name: 'tomcat',
    onDemand: true,
    packages: ['libtomcat10-java', 'tomcat10-common', 'openjdk-17-jre-headless'],
    programs: { java: 'usr/lib/jvm/java-17-openjdk-amd64/bin/java' },
  },
  // Clients of the field round.
  { name: 'wget', onDemand: true, packages: ['wget'], programs: { wget: 'usr/bin/wget' } },
  { name: 'git', onDemand: true, packages: ['git'], programs: { git: 'usr/bin/git' } },
  // Debian has no curl with GnuTLS, but the library, and Python's module for it.
  {
    name: 'python',
    onDemand: true,
    packages: ['python3.11-minimal', 'libpython3.11-minimal', 'libpython3.11-stdlib', 'python3-pycurl'],
    programs: { python3: 'usr/bin/python3.11' },
  },
  { name: 'rclone', onDemand: true, packages: ['rclone'], programs: { rclone: 'usr/bin/rclone' } },
  // It compiles what it runs: 300 MB.
  {
    name: 'java',
    onDemand: true,
    packages: ['openjdk-17-jdk-headless', 'openjdk-17-jre-headless'],
    programs: { java: 'usr/lib/jvm/java-17-openjdk-amd64/bin/java' },
  },
  {
    name: 'firefox',
    onDemand: true,
    packages: ['firefox-esr'],
    programs: { 'firefox-esr': 'usr/lib/firefox-esr/firefox-esr' },
  },
]

/**
 * The libraries that are left out. A machine that compiles C++ has the first three, and newer ones than these may be:
 * a library that is found before them could not be loaded then. LLVM is large, and PostgreSQL's without JIT is as good.
 */
export const without = ['libc6', 'libgcc-s1', 'libstdc++6', 'libllvm14']

/** The content of peer.json: paths are relative to the folder it lies in. */
export function descriptionOf({ name, programs, folders = [] }) {
  return { name, programs, libraryPath: ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu', ...folders] }
}

/** By peer the pins of its packages, by their names: its own first, then the libraries. */
export function readPins() {
  return JSON.parse(readFileSync(pinsFile, 'utf8'))
}
