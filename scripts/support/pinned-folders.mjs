// Folders of pinned packages: each thing that a script fetches is unpacked into one of its own, whole or not at all.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  fetchPackage,
  GoneError,
  hashOf,
  newestInRelease,
  UnreachableError,
  unpackPackage,
} from './debian-packages.mjs'
import { fetchFailed, fillFolder, reasonOf, removeLeftovers, stopped } from './fetching.mjs'

/**
 * A thing has a `name` and a `version`, the `folder` that it goes to, its `packages` ({ release, name, pin }), the
 * `files` that must have come, relative to the folder, the `main` one, and what is written beside them: `descriptions`,
 * by file name.
 *
 * `script` names the caller in messages; `updateCommand(names)` is what pins anew.
 */
export async function fetchThings({ script, updateCommand, things }) {
  const fail = (code, { name }, reason) => failed(script, code, name, reason)
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    const reason = `it is for x64 Linux, this is ${process.arch} ${process.platform}`
    for (const thing of things) fail(fetchFailed, thing, reason)
    return
  }
  for (const parent of new Set(things.flatMap(({ folder }) => [dirname(folder), packagesFolder(folder)]))) {
    removeLeftovers(parent)
  }
  const gone = []
  let unreachable = false
  for (const thing of things) {
    if (stopped()) return
    const { name, version, folder, main } = thing
    if (isWhole(thing)) {
      console.log(`${name} ${version} is there: ${join(folder, main)}`)
      continue
    }
    if (unreachable) {
      fail(fetchFailed, thing, 'not tried: the archive could not be reached before')
      continue
    }
    try {
      await fetchThing(thing, updateCommand)
      console.log(`${name} ${version} fetched: ${join(folder, main)}`)
    } catch (error) {
      if (stopped()) return
      if (error instanceof GoneError) gone.push(thing)
      else if (error instanceof UnreachableError) fail(fetchFailed, thing, error.message)
      else fail(1, thing, reasonOf(error))
      unreachable ||= error instanceof UnreachableError
    }
  }
  if (gone.length > 0) await reportGone(gone, updateCommand, fail)
}

function fetchThing(thing, updateCommand) {
  return fillFolder(thing.folder, async (filled) => {
    for (const { release, name, pin } of thing.packages) {
      if (pin === undefined) throw new Error(`${release}/${name} is not pinned, run: ${updateCommand([thing.name])}`)
      console.error(`${thing.name}: ${name} ${pin.version} of ${release}`)
      await unpackPackage(await fetchPackage(pin, packagesFolder(thing.folder)), filled)
    }
    writeJson(join(filled, 'fetched.json'), {
      packages: thing.packages.map(({ pin }) => pin.sha256),
      files: Object.fromEntries(thing.files.map((path) => [path, hashOf(join(filled, path))])),
    })
    for (const [name, description] of Object.entries(thing.descriptions)) writeJson(join(filled, name), description)
  })
}

/** Whether a thing is there as it was pinned and unpacked. */
export function isWhole({ folder, packages, files, descriptions }) {
  if (!['fetched.json', ...Object.keys(descriptions)].every((name) => existsSync(join(folder, name)))) return false
  const fetched = JSON.parse(readFileSync(join(folder, 'fetched.json'), 'utf8'))
  return (
    fetched.packages.join() === packages.map(({ pin }) => pin?.sha256).join() &&
    files.every((path) => existsSync(join(folder, path)) && hashOf(join(folder, path)) === fetched.files[path])
  )
}

// Beside the folders, so that a package that several things have is fetched once.
function packagesFolder(folder) {
  return join(dirname(folder), '.packages')
}

/** Says what came of it, and lets it decide the exit code: what is not as pinned outweighs what could not be had. */
export function failed(script, code, name, reason) {
  const heading =
    code === fetchFailed ? 'FETCH FAILED, which is not a failed test' : 'NOT WHAT WAS PINNED, or a broken package'
  console.error(`${script}: ${heading}: ${name}`)
  console.error(reason.replace(/^/gm, '  '))
  if (process.exitCode !== 1) process.exitCode = code
}

async function reportGone(gone, updateCommand, fail) {
  const wishes = gone.flatMap(({ packages }) => packages)
  const now = await newest(wishes, dirname(gone[0].folder)).catch((error) => error)
  if (stopped()) return
  for (const thing of gone) {
    const lines = thing.packages
      .map(({ release, name, pin }) => ({ release, name, pin, found: now.get?.(`${release}/${name}`) }))
      .filter(({ pin, found }) => found?.path !== pin.path)
      .map(
        ({ release, name, pin, found }) =>
          `${release} ${name}: expected ${pin.path}, the archive has now ${found?.path ?? 'none that is known'}`,
      )
    if (now instanceof Error) lines.push(`Its index could not be read: ${reasonOf(now)}`)
    lines.unshift('Gone: the archive replaced a pinned package by a newer revision.')
    lines.push(`To pin what it has now: ${updateCommand([thing.name])}`)
    fail(fetchFailed, thing, lines.join('\n'))
  }
}

/** The newest version in the archive of each package, by `release/package`. */
export async function newest(wishes, parent) {
  return withIndexFolder(parent, async (aside) => {
    const found = new Map()
    for (const release of new Set(wishes.map((wish) => wish.release))) {
      console.error(`reading the index of ${release}`)
      const named = new Set(wishes.filter((wish) => wish.release === release).map(({ name }) => name))
      for (const [name, pin] of await newestInRelease(release, named, aside)) found.set(`${release}/${name}`, pin)
    }
    return found
  })
}

/** A folder for the indexes of releases while they are read. */
export async function withIndexFolder(parent, read) {
  const aside = join(parent, `.fetching-${process.pid}-index`)
  mkdirSync(aside, { recursive: true })
  try {
    return await read(aside)
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

export function writeJson(file, value) {
  writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`)
}
