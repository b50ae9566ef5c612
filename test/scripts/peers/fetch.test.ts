// scripts/peers/fetch.mjs: what it has pinned, and that what it fetched runs on any machine. How it fetches is of
// scripts/support/pinned-folders.mjs, which ../libssl/fetch.test.ts tries.
import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const script = path.join(root, 'scripts/peers/fetch.mjs')

test('every peer of the table is pinned', () => {
  const usage = execFileSync(process.execPath, [script, '--help'], { encoding: 'utf8' })
  const rows = [...usage.matchAll(/^ +(\S+) +(.+\S) +from Debian (\S.*)$/gm)].map(([, ...row]) => row.join(' '))
  expect(rows).toEqual([
    expect.stringMatching(/^openssl 3\.0\.\d+-\S+ bookworm$/),
    expect.stringMatching(/^gnutls 3\.7\.\d+-\S+ bookworm$/),
    expect.stringMatching(/^curl 7\.88\.1-\S+ bookworm$/),
    expect.stringMatching(/^postgresql 15\.\d+-\S+ bookworm$/),
    expect.stringMatching(/^mariadb 1:10\.11\.\d+-\S+ bookworm$/),
    expect.stringMatching(/^nginx 1\.22\.1-\S+ bookworm$/),
    expect.stringMatching(/^vsftpd 3\.0\.3-\S+ bookworm$/),
    expect.stringMatching(/^proftpd 1\.3\.8\S+ bookworm$/),
    expect.stringMatching(/^apache2 2\.4\.\d+-\S+ bookworm, on demand$/),
    expect.stringMatching(/^lighttpd 1\.4\.69-\S+ bookworm, on demand$/),
    expect.stringMatching(/^caddy 2\.6\.2-\S+ bookworm, on demand$/),
    expect.stringMatching(/^haproxy 2\.6\.\d+-\S+ bookworm, on demand$/),
    expect.stringMatching(/^stunnel 3:5\.68-\S+ bookworm, on demand$/),
    expect.stringMatching(/^dovecot 1:2\.3\.19\.1\+dfsg1-\S+ bookworm, on demand$/),
    expect.stringMatching(/^redis 5:7\.0\.15-\S+ bookworm, on demand$/),
    expect.stringMatching(/^mosquitto 2\.0\.11-\S+ bookworm, on demand$/),
    expect.stringMatching(/^slapd 2\.5\.13\+dfsg-\S+ bookworm, on demand$/),
    expect.stringMatching(/^exim 4\.96-\S+ bookworm, on demand$/),
    expect.stringMatching(/^tshark 4\.0\.\d+-\S+ bookworm, on demand$/),
    expect.stringMatching(/^prometheus 2\.42\.0\S+ bookworm, on demand$/),
    expect.stringMatching(/^tomcat 10\.1\.\d+-\S+ bookworm, on demand$/),
    expect.stringMatching(/^wget 1\.21\.3-\S+ bookworm, on demand$/),
    expect.stringMatching(/^git 1:2\.39\.5-\S+ bookworm, on demand$/),
    expect.stringMatching(/^python 3\.11\.2-\S+ bookworm, on demand$/),
    expect.stringMatching(/^rclone 1\.60\.1\S+ bookworm, on demand$/),
    expect.stringMatching(/^java 17\.0\.\S+ bookworm, on demand$/),
    expect.stringMatching(/^firefox \d+\.\S+ bookworm, on demand$/),
  ])
})

/** Libraries of the C library, and those that a C++ compiler brings. */
const ofTheMachine = /^(ld-linux-x86-64|linux-vdso|libc|libm|libdl|libpthread|librt|libresolv|libgcc_s|libstdc\+\+)\.so/

describe.each(fetchedPeers())('$name, fetched', ({ folder, programs, libraryPath }) => {
  test.each(programs)('%s finds all its libraries beside it, but those of any machine that compiles', (program) => {
    const libraries = libraryPath.map((place) => path.join(folder, place))
    const env = { ...process.env, LD_LIBRARY_PATH: libraries.join(':') }
    const lines = execFileSync('ldd', [path.join(folder, program)], { encoding: 'utf8', env })
      .trim()
      .split('\n')
    const elsewhere = lines
      .map((line) => line.trim())
      .filter((line) => !line.includes(`=> ${folder}/`))
      .filter((line) => !ofTheMachine.test(path.basename(line.split(' ')[0] ?? '')))
    expect(lines.length).toBeGreaterThan(2)
    expect(elsewhere).toEqual([])
  })
})

test('a program that cannot be had is left out, and told of in one line', () => {
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs')
  const args = ['run', '--typecheck.enabled=false', 'test/support/peers.test.ts', '-t', 'openssl|GnuTLS']
  const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', CLOSE_NOTIFY_TEST_PEERS: 'none' },
  })
  expect(stderr.split('\n').filter((line) => line.includes('NO TEST'))).toEqual([
    'NO TEST TALKS TO openssl, gnutls-bin, curl, postgresql, mariadb-server-core, nginx, vsftpd, proftpd-mod-crypto: ' +
      'not fetched and not installed. To try: node scripts/peers/fetch.mjs, or apt-get install openssl gnutls-bin curl ' +
      'postgresql mariadb-server-core nginx vsftpd proftpd-mod-crypto',
  ])
  expect(stdout).toMatch(/Tests +\d+ skipped \(\d+\)/)
  expect(status).toBe(0)
})

interface FetchedPeer {
  readonly name: string
  readonly folder: string
  readonly programs: readonly string[]
  readonly libraryPath: readonly string[]
}

function fetchedPeers(): readonly FetchedPeer[] {
  const known: unknown = JSON.parse(execFileSync(process.execPath, [script, '--json'], { encoding: 'utf8' }))
  if (!Array.isArray(known)) throw new Error(`Expected a list from ${script} --json`)
  return known.map(peerOf).filter((peer) => peer !== undefined)
}

function peerOf(peer: unknown): FetchedPeer | undefined {
  const member = (name: string): unknown => Reflect.get(Object(peer), name)
  const programs = member('programs')
  const libraryPath = member('libraryPath')
  if (member('present') !== true || typeof programs !== 'object' || programs === null) return undefined
  if (!Array.isArray(libraryPath)) throw new Error('Expected the library path of each peer')
  return {
    name: String(member('name')),
    folder: String(member('folder')),
    programs: Object.values(programs).map(String),
    libraryPath: libraryPath.map(String),
  }
}
