// The libssl builds of other Debian releases, for tests and comparison: what they are and where they lie.
// `node scripts/libssl/fetch.mjs` puts them into .cache/libssl. Their packages are pinned in pins.json.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const libsslFolder = fileURLToPath(new URL('../../.cache/libssl/', import.meta.url))
export const pinsFile = fileURLToPath(new URL('pins.json', import.meta.url))

const libraries = 'usr/lib/x86_64-linux-gnu'

/**
 * `release` is where the library is from, `runtime` the release whose loader and C library it needs: that of Debian 12
 * is too old for it. `series` is what the name promises of the upstream version, however often the pins are renewed.
 */
export const builds = [
  openssl({ series: '1.1.1', release: 'bullseye', package: 'libssl1.1', soname: '1.1' }),
  openssl({ series: '3.0', release: 'bookworm', package: 'libssl3', soname: '3' }),
  openssl({ series: '3.5', release: 'trixie', package: 'libssl3t64', soname: '3', runtime: 'trixie' }),
  openssl({ series: '3.6', release: 'sid', package: 'libssl3t64', soname: '3', runtime: 'sid' }),
  openssl({ series: '4.0', release: 'experimental', package: 'libssl4', soname: '4', runtime: 'sid' }),
  {
    // The one of each release up to sid runs with Debian 12's C library. Debian has no LibreSSL and no AWS-LC.
    name: 'boringssl',
    kind: 'BoringSSL',
    series: '14',
    release: 'trixie',
    package: 'android-libboringssl',
    libssl: `${libraries}/android/libssl.so.0`,
    libcrypto: `${libraries}/android/libcrypto.so.0`,
  },
]

function openssl({ soname, ...build }) {
  return {
    name: `openssl-${build.series}`,
    kind: 'OpenSSL',
    ...build,
    libssl: `${libraries}/libssl.so.${soname}`,
    libcrypto: `${libraries}/libcrypto.so.${soname}`,
  }
}

// The packages that a Node binary, the addon and these libraries load, all of one release: its dynamic loader fits its
// libc alone.
const runtimePackages = ['libc6', 'libgcc-s1', 'libstdc++6', 'libzstd1', 'zlib1g']
const loader = `${libraries}/ld-linux-x86-64.so.2`

/** The packages of a build, the one with the libssl first. `pin` is undefined where the table lacks it. */
export function packagesOf(build, pins = readPins()) {
  const wanted = [{ release: build.release, name: build.package }]
  if (build.runtime !== undefined) wanted.push(...runtimePackages.map((name) => ({ release: build.runtime, name })))
  return wanted.map((wish) => ({ ...wish, pin: pins[`${wish.release}/${wish.name}`] }))
}

export function readPins() {
  return JSON.parse(readFileSync(pinsFile, 'utf8'))
}

/** The content of build.json: paths are relative to the folder it lies in. */
export function descriptionOf(build, pin) {
  return {
    name: build.name,
    kind: build.kind,
    version: upstreamVersion(pin.version),
    release: build.release,
    libssl: build.libssl,
    libcrypto: build.libcrypto,
    ...(build.runtime === undefined ? {} : { loader, libraryPath: [libraries] }),
  }
}

/** Of `[epoch:]upstream[-revision]`. */
export function upstreamVersion(version) {
  return version.replace(/^\d+:/, '').replace(/-[^-]*$/, '')
}

export function isOfSeries(build, version) {
  const upstream = upstreamVersion(version)
  // A letter may follow, as in 1.1.1w, or a further number, but no further digit.
  return upstream.startsWith(build.series) && !/^\d/.test(upstream.slice(build.series.length))
}
