// Puts the libssl builds of other Debian releases into .cache/libssl, each unpacked in a folder of its own. See
// builds.mjs. `npm test` runs without them, and then says so; CI demands three OpenSSL versions.
import { join } from 'node:path'
import { runFetchCommand } from '../support/fetch-command.mjs'
import { fetchFailed, reasonOf, removeLeftovers, stopped } from '../support/fetching.mjs'
import { failed, isWhole, newest, writeJson } from '../support/pinned-folders.mjs'
import { builds, descriptionOf, isOfSeries, libsslFolder, packagesOf, pinsFile, readPins } from './builds.mjs'

const usage = `Usage: node scripts/libssl/fetch.mjs [--json | --update-pins] [NAME...]

Fetches the libssl builds that are not there yet, all of them or those named, into .cache/libssl:
${builds.map((build) => `  ${build.name.padEnd(14)} ${pinnedVersion(build).padEnd(20)} from Debian ${build.release}`).join('\n')}

  --json          fetch nothing, print what is there
  --update-pins   fetch nothing, pin the packages that the archive has now (writes scripts/libssl/pins.json)
  --help          this text

Exit code 0: all are there. 1: a package is not the one that was pinned, or is broken. 2: the call was wrong.
75: something could not be fetched, or the archive no longer has it, which says nothing about this package.
`

await runFetchCommand({ folder: 'libssl', usage, kind: 'build', all: builds, thingOf, locate, updatePins })

function pinnedVersion(build) {
  return packagesOf(build)[0].pin?.version ?? 'not pinned'
}

/** A build as pinned-folders.mjs fetches it. */
function thingOf(build) {
  const packages = packagesOf(build)
  const description = descriptionOf(build, packages[0].pin ?? { version: 'not pinned' })
  const { libssl, libcrypto, loader } = description
  return {
    name: build.name,
    version: description.version,
    folder: join(libsslFolder, build.name),
    packages,
    files: [libssl, libcrypto, ...(loader === undefined ? [] : [loader])],
    main: libssl,
    descriptions: { 'build.json': description },
  }
}

/** Where a build lies, and whether it is there as it was pinned and unpacked. */
function locate(build) {
  const thing = thingOf(build)
  const description = thing.descriptions['build.json']
  return {
    ...description,
    folder: thing.folder,
    libssl: join(thing.folder, description.libssl),
    libcrypto: join(thing.folder, description.libcrypto),
    present: isWhole(thing),
  }
}

// --- Pinning ---

async function updatePins(names) {
  removeLeftovers(libsslFolder)
  const now = await newest(
    names.flatMap((build) => packagesOf(build)),
    libsslFolder,
  ).catch((error) => error)
  if (stopped()) return
  if (now instanceof Error) {
    for (const build of names) fail(build, reasonOf(now))
    return
  }
  const pins = readPins()
  for (const build of names) {
    const [{ release, name }] = packagesOf(build)
    const found = now.get(`${release}/${name}`)
    if (found === undefined || !isOfSeries(build, found.version)) {
      fail(
        build,
        `${release} has ${name} ${found?.version ?? 'no longer'}, expected ${build.series}: its pins stay as they are`,
      )
      continue
    }
    for (const wish of packagesOf(build)) {
      const key = `${wish.release}/${wish.name}`
      const pin = now.get(key)
      if (pin === undefined) {
        fail(build, `${wish.release} has no ${wish.name}`)
        continue
      }
      if (pins[key]?.sha256 !== pin.sha256) console.log(`${key}: ${pins[key]?.version ?? 'none'} -> ${pin.version}`)
      pins[key] = pin
    }
  }
  writeJson(pinsFile, Object.fromEntries(Object.entries(pins).sort(([a], [b]) => (a < b ? -1 : 1))))
}

function fail(build, reason) {
  failed('libssl/fetch', fetchFailed, build.name, reason)
}
