// Packages of Debian's archive: by pool path and hash, through apt's own downloader (its proxy, its mirror).
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { reasonOf, run, stopped } from './fetching.mjs'

const debian = 'http://deb.debian.org/debian'
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
const helper = '/usr/lib/apt/apt-helper'
const patience = ['-o', 'Acquire::Retries=2', '-o', 'Acquire::http::Timeout=30']
const english = { ...process.env, LC_ALL: 'C' }

/** The archive answers, and has no such file any more: Debian keeps one revision of a package per release. */
export class GoneError extends Error {}
/** It is not known whether the archive has the file: no network, no apt. */
export class UnreachableError extends Error {}

/** Puts the package into the folder unless it is there, and returns its path. Checked each time, there or not. */
export async function fetchPackage(pin, folder) {
  const file = join(folder, `${pin.sha256}.deb`)
  if (existsSync(file)) {
    if (hashOf(file) === pin.sha256) return file
    rmSync(file)
  }
  mkdirSync(folder, { recursive: true })
  const partial = join(folder, `.fetching-${process.pid}-${pin.sha256}`)
  try {
    await download(pin.path, partial)
    const found = hashOf(partial)
    if (found !== pin.sha256) throw new Error(`${pin.path}: expected SHA-256 ${pin.sha256}, found ${found}`)
    renameSync(partial, file)
  } finally {
    for (const left of [partial, `${partial}.FAILED`]) rmSync(left, { force: true })
  }
  return file
}

export function hashOf(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

/** Unpacks a package without installing it, and without its maintainer's scripts. */
export async function unpackPackage(file, folder) {
  await run('dpkg', ['-x', file, folder])
}

async function download(path, file) {
  let gone = 0
  let reason
  const sites = await archives()
  for (const site of sites) {
    try {
      await run(helper, ['-q', ...patience, ...unsandboxed(), 'download-file', `${site}/${path}`, file], {
        env: english,
      })
      return
    } catch (error) {
      if (stopped()) throw error
      reason = reasonOf(error)
      if (/\b(404\s+Not Found|410\s+Gone)\b/.test(reason)) gone++
    }
  }
  if (gone === sites.length) throw new GoneError(path)
  throw new UnreachableError(`${path}: ${reason}`)
}

/** Where this machine's apt has Debian from, then Debian's own address: a partial mirror may lack other releases. */
function archives() {
  knownArchives ??= readArchives()
  return knownArchives
}

let knownArchives

async function readArchives() {
  const said = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages']).catch(() => '')
  const configured = said
    .split('\n')
    .map((site) => site.replace(/\/$/, ''))
    .filter((site) => /^https?:.*\/debian$/.test(site))
  return [...new Set([...configured, debian])]
}

/** The newest of each named package in a release: a map from name to pin. Fetches that release's index (10 MB). */
export async function newestInRelease(release, names, aside) {
  const apt = await privateApt(release, join(aside, `apt-${release}`))
  await run('apt-get', ['update', '-q', '-o', 'APT::Update::Error-Mode=any', ...patience], { env: apt })
  const newest = new Map()
  for (const name of names) {
    const shown = await run('apt-cache', ['show', '--no-all-versions', `${name}:amd64`], { env: apt }).catch(() => '')
    if (shown.trim() !== '') newest.set(name, pinOf(shown))
  }
  return newest
}

/**
 * The newest of the named packages in a release and of all libraries that they need, those of `without` apart: a map from
 * name to pin, in the order in which they were found. Only libraries are followed: the rest of what a package depends
 * on (debconf, adduser, …) is for installing it.
 */
export async function closureInRelease(release, names, without, aside) {
  const apt = await privateApt(release, join(aside, `apt-${release}`))
  await run('apt-get', ['update', '-q', '-o', 'APT::Update::Error-Mode=any', ...patience], { env: apt })
  const found = new Map()
  const left = new Set(without)
  const queue = [...names]
  for (const name of queue) {
    if (left.has(name)) continue
    left.add(name)
    const shown = await run('apt-cache', ['show', '--no-all-versions', `${name}:amd64`], { env: apt }).catch(() => '')
    const isRoot = names.includes(name)
    if (shown.trim() === '' && isRoot) throw new Error(`${release} has no ${name}`)
    // The first of alternatives may be none that exists as a package.
    if (shown.trim() === '' || !(isRoot || /^(old)?libs$/.test(fieldOf(shown, 'Section')))) continue
    found.set(name, pinOf(shown))
    queue.push(...neededBy(shown))
  }
  return found
}

/** The first of alternatives each, without versions and architectures. */
function neededBy(stanza) {
  return ['Pre-Depends', 'Depends']
    .flatMap((name) => (fieldOf(stanza, name) ?? '').split(','))
    .map((wish) => /^\s*([^\s:|(]+)/.exec(wish)?.[1])
    .filter((name) => name !== undefined)
}

function pinOf(stanza) {
  return {
    version: fieldOf(stanza, 'Version'),
    architecture: fieldOf(stanza, 'Architecture'),
    path: fieldOf(stanza, 'Filename'),
    sha256: fieldOf(stanza, 'SHA256'),
  }
}

function fieldOf(stanza, name) {
  return new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1]
}

// The machine's own package lists stay as they are: a folder of its own, with how this machine reaches the network and
// nothing else of its configuration (what others hang onto "apt-get update" is not for us to run).
async function privateApt(release, folder) {
  mkdirSync(join(folder, 'lists', 'partial'), { recursive: true })
  mkdirSync(join(folder, 'cache', 'archives', 'partial'), { recursive: true })
  const [site] = await archives()
  writeFileSync(join(folder, 'sources.list'), `deb [arch=amd64 signed-by=${keyring}] ${site} ${release} main\n`)
  writeFileSync(join(folder, 'status'), '')
  const network = (await run('apt-config', ['dump']))
    .split('\n')
    .filter((line) => /^Acquire::(https?|ftp|Check)/i.test(line))
  const own = {
    Dir: '/',
    'Dir::State': folder,
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': join(folder, 'cache'),
    'Dir::Etc::main': '/dev/null',
    'Dir::Etc::parts': '/dev/null',
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'APT::Architecture': 'amd64',
    'Acquire::Languages': 'none',
    ...(process.getuid?.() === 0 ? { 'APT::Sandbox::User': 'root' } : {}),
  }
  const lines = Object.entries(own).map(([name, value]) => `${name} "${value}";`)
  const file = join(folder, 'apt.conf')
  writeFileSync(file, [...network, ...lines, ''].join('\n'))
  return { ...english, APT_CONFIG: file }
}

// apt's own user may not read a folder below a home; what comes is held against its hash anyway.
function unsandboxed() {
  return process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : []
}
