// Puts the libssl builds of other Debian releases into .cache/libssl, each unpacked in a folder of its own. See
// builds.mjs. `npm test` runs without them, and then says so; CI demands three OpenSSL versions.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  fetchPackage,
  GoneError,
  hashOf,
  newestInRelease,
  UnreachableError,
  unpackPackage,
} from '../support/debian-packages.mjs'
import { fetchFailed, fillFolder, reasonOf, removeLeftovers, stopOnSignal, stopped } from '../support/fetching.mjs'
import {
  builds,
  descriptionOf,
  isOfSeries,
  libsslFolder,
  packagesFolder,
  packagesOf,
  pinsFile,
  readPins,
} from './builds.mjs'

const usage = `Usage: node scripts/libssl/fetch.mjs [--json | --update-pins] [NAME...]

Fetches the libssl builds that are not there yet, all of them or those named, into .cache/libssl:
${builds.map((build) => `  ${build.name.padEnd(14)} ${pinnedVersion(build).padEnd(20)} from Debian ${build.release}`).join('\n')}

  --json          fetch nothing, print what is there
  --update-pins   fetch nothing, pin the packages that the archive has now (writes scripts/libssl/pins.json)
  --help          this text

Exit code 0: all are there. 1: a package is not the one that was pinned, or is broken. 2: the call was wrong.
75: something could not be fetched, or the archive no longer has it, which says nothing about this package.
`

const { values, positionals } = readArguments()
stopOnSignal()
if (values.help) process.stdout.write(usage)
else if (values.json) console.log(JSON.stringify(wanted(positionals).map(locate), undefined, 2))
else if (values['update-pins']) await updatePins(wanted(positionals))
else await fetchBuilds(wanted(positionals))

function readArguments() {
  const options = { json: { type: 'boolean' }, 'update-pins': { type: 'boolean' }, help: { type: 'boolean' } }
  try {
    return parseArgs({ options, allowPositionals: true })
  } catch (error) {
    return misused(error.message)
  }
}

function wanted(names) {
  const unknown = names.filter((name) => !builds.some((build) => build.name === name))
  if (unknown.length > 0) misused(`unknown build: ${unknown.join(', ')}`)
  return names.length === 0 ? builds : builds.filter(({ name }) => names.includes(name))
}

function misused(message) {
  console.error(`libssl/fetch: ${message}\n\n${usage}`)
  process.exit(2)
}

function pinnedVersion(build) {
  return packagesOf(build)[0].pin?.version ?? 'not pinned'
}

// --- Fetching ---

async function fetchBuilds(names) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    for (const build of names)
      failed(fetchFailed, build, `it is for x64 Linux, this is ${process.arch} ${process.platform}`)
    return
  }
  removeLeftovers(libsslFolder)
  removeLeftovers(packagesFolder)
  const gone = []
  let unreachable = false
  for (const build of names) {
    if (stopped()) return
    const place = locate(build)
    if (place.present) {
      console.log(`${build.name} ${place.version} is there: ${place.libssl}`)
      continue
    }
    if (unreachable) {
      failed(fetchFailed, build, 'not tried: the archive could not be reached before')
      continue
    }
    try {
      await fetchBuild(build, place.folder)
      console.log(`${build.name} ${place.version} fetched: ${place.libssl}`)
    } catch (error) {
      if (stopped()) return
      if (error instanceof GoneError) gone.push(build)
      else if (error instanceof UnreachableError) failed(fetchFailed, build, error.message)
      else failed(1, build, reasonOf(error))
      unreachable ||= error instanceof UnreachableError
    }
  }
  if (gone.length > 0) await reportGone(gone)
}

function fetchBuild(build, folder) {
  return fillFolder(folder, async (filled) => {
    const packages = packagesOf(build)
    for (const { release, name, pin } of packages) {
      if (pin === undefined) throw new Error(`${release}/${name} is not pinned, run: ${updateCommand(build)}`)
      console.error(`${build.name}: ${name} ${pin.version} of ${release}`)
      await unpackPackage(await fetchPackage(pin, packagesFolder), filled)
    }
    const description = descriptionOf(build, packages[0].pin)
    const fetched = {
      packages: packages.map(({ pin }) => pin.sha256),
      files: Object.fromEntries(filesOf(description).map((path) => [path, hashOf(join(filled, path))])),
    }
    write(join(filled, 'fetched.json'), fetched)
    write(join(filled, 'build.json'), description)
  })
}

/** Where a build lies, and whether it is there as it was pinned and unpacked. */
function locate(build) {
  const folder = join(libsslFolder, build.name)
  const packages = packagesOf(build)
  const description = descriptionOf(build, packages[0].pin ?? { version: 'not pinned' })
  return {
    ...description,
    folder,
    libssl: join(folder, description.libssl),
    libcrypto: join(folder, description.libcrypto),
    present: isWhole(folder, description, packages),
  }
}

function isWhole(folder, description, packages) {
  if (!existsSync(join(folder, 'build.json')) || !existsSync(join(folder, 'fetched.json'))) return false
  const fetched = JSON.parse(readFileSync(join(folder, 'fetched.json'), 'utf8'))
  return (
    fetched.packages.join() === packages.map(({ pin }) => pin?.sha256).join() &&
    filesOf(description).every((path) => {
      const file = join(folder, path)
      return existsSync(file) && hashOf(file) === fetched.files[path]
    })
  )
}

function filesOf({ libssl, libcrypto, loader }) {
  return [libssl, libcrypto, ...(loader === undefined ? [] : [loader])]
}

function failed(code, build, reason) {
  const heading =
    code === fetchFailed ? 'FETCH FAILED, which is not a failed test' : 'NOT WHAT WAS PINNED, or a broken package'
  console.error(`libssl/fetch: ${heading}: ${build.name}`)
  console.error(reason.replace(/^/gm, '  '))
  if (process.exitCode !== 1) process.exitCode = code
}

// --- What the archive no longer has ---

async function reportGone(gone) {
  const now = await newest(gone).catch((error) => error)
  if (stopped()) return
  for (const build of gone) {
    const lines = packagesOf(build)
      .map(({ release, name, pin }) => ({ release, name, pin, found: now.get?.(`${release}/${name}`) }))
      .filter(({ pin, found }) => found?.path !== pin.path)
      .map(
        ({ release, name, pin, found }) =>
          `${release} ${name}: expected ${pin.path}, the archive has now ${found?.path ?? 'none that is known'}`,
      )
    if (now instanceof Error) lines.push(`Its index could not be read: ${reasonOf(now)}`)
    lines.unshift('Gone: the archive replaced a pinned package by a newer revision.')
    lines.push(`To pin what it has now: ${updateCommand(build)}`)
    failed(fetchFailed, build, lines.join('\n'))
  }
}

function updateCommand(build) {
  return `node scripts/libssl/fetch.mjs --update-pins ${build.name}`
}

async function updatePins(names) {
  removeLeftovers(libsslFolder)
  const now = await newest(names).catch((error) => error)
  if (stopped()) return
  if (now instanceof Error) {
    for (const build of names) failed(fetchFailed, build, reasonOf(now))
    return
  }
  const pins = readPins()
  for (const build of names) {
    const [{ release, name }] = packagesOf(build)
    const found = now.get(`${release}/${name}`)
    if (found === undefined || !isOfSeries(build, found.version)) {
      failed(
        fetchFailed,
        build,
        `${release} has ${name} ${found?.version ?? 'no longer'}, expected ${build.series}: its pins stay as they are`,
      )
      continue
    }
    for (const wish of packagesOf(build)) {
      const key = `${wish.release}/${wish.name}`
      const pin = now.get(key)
      if (pin === undefined) {
        failed(fetchFailed, build, `${wish.release} has no ${wish.name}`)
        continue
      }
      if (pins[key]?.sha256 !== pin.sha256) console.log(`${key}: ${pins[key]?.version ?? 'none'} -> ${pin.version}`)
      pins[key] = pin
    }
  }
  write(pinsFile, Object.fromEntries(Object.entries(pins).sort(([a], [b]) => (a < b ? -1 : 1))))
}

/** The newest version in the archive of each package of these builds, by `release/package`. */
async function newest(names) {
  const wishes = names.flatMap((build) => packagesOf(build))
  const aside = join(libsslFolder, `.fetching-${process.pid}-index`)
  mkdirSync(aside, { recursive: true })
  try {
    const found = new Map()
    for (const release of new Set(wishes.map((wish) => wish.release))) {
      console.error(`reading the index of ${release}`)
      const named = new Set(wishes.filter((wish) => wish.release === release).map(({ name }) => name))
      for (const [name, pin] of await newestInRelease(release, named, aside)) found.set(`${release}/${name}`, pin)
    }
    return found
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

function write(file, value) {
  writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`)
}
