/**
 * The libssl builds that scenarios run on: which there are, and how Node has to be started for each.
 *
 * A libssl needs the C library that it was built against, or a newer one. A build of a newer system therefore brings
 * its own, with the dynamic loader that belongs to it, and Node itself runs under that loader:
 * `ld-linux-x86-64.so.2 --library-path DIR node …`. Two libraries of one SONAME must not meet in a process, so each
 * build has a process of its own anyway.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { ClosureError } from '../errors.js'
import { checkOptions } from '../options.js'

/** One libssl, and what it needs. All paths are absolute. */
export interface Build {
  /** Unique among the builds found together. */
  readonly name: string
  /** Absent: the one that Node itself has. */
  readonly libssl?: string
  /** Absent: the one beside the libssl. */
  readonly libcrypto?: string
  /** The dynamic loader to run Node under. Absent: the system's. */
  readonly loader?: string
  /** Where that loader finds every other library, the C library first of all. */
  readonly libraryPath?: readonly string[]
  /** The Node executable to run. Absent: the one that runs now. */
  readonly node?: string
}

export interface BuildSearch {
  /** Folders in which each `<name>/build.json` describes a build. One that does not exist holds none. */
  readonly folders?: readonly string[]
  /** Files, or folders that hold a build.json. A file below such a folder is taken for that build. */
  readonly libraries?: readonly string[]
  /** Node executables, each with the libssl that it has itself. */
  readonly nodes?: readonly string[]
  /** Also the libssl files in the system's own library folders. Default: false */
  readonly system?: boolean
}

/**
 * The process's own build first, then in the order of the search; a library, or a Node, that is found twice counts once. Of two
 * Nodes of one version the second has its path for a name.
 */
export function findBuilds(search: BuildSearch = {}): readonly Build[] {
  const { folders = [], libraries = [], nodes = [], system = false } = checkOptions(search, searchKeys)
  const found: Build[] = [
    { name: `node-${process.versions.node}` },
    ...nodes.map(ofNode),
    ...folders.flatMap(inFolder),
    ...libraries.map(named),
    ...(system ? systemLibraries().map((libssl) => ({ name: libssl, libssl })) : []),
  ]
  return unique(found)
}

/** How a program is started: for spawn(command, args). */
export interface CommandLine {
  readonly command: string
  readonly args: readonly string[]
}

/**
 * How to start Node so that the build can be loaded there. Under a loader of its own `process.execPath` is that loader
 * and not Node: a child that starts children has to ask here too, where that is known.
 */
export function commandFor(build: Build, nodeArguments: readonly string[]): CommandLine {
  const node = build.node ?? runningNode()
  if (build.loader === undefined) return { command: node, args: nodeArguments }
  const libraryPath = (build.libraryPath ?? [path.dirname(build.loader)]).join(':')
  return { command: build.loader, args: ['--library-path', libraryPath, node, ...nodeArguments] }
}

const searchKeys = ['folders', 'libraries', 'nodes', 'system'] satisfies (keyof BuildSearch)[]

/** The Node executable of this process, also where it was started by commandFor() under a loader. */
function runningNode(): string {
  const underLoader = path.basename(process.execPath).startsWith('ld-') && path.isAbsolute(process.argv0)
  return underLoader ? process.argv0 : process.execPath
}

function ofNode(executable: string): Build {
  const node = path.resolve(executable)
  try {
    const version = execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8', stdio: 'pipe' })
    return { name: `node-${version.trim()}`, node }
  } catch (cause) {
    throw new ClosureError('ERR_LAB_BUILD', `Expected a Node executable at ${node}`, { cause })
  }
}

function inFolder(folder: string): Build[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort()
    .map((name) => path.resolve(folder, name))
    .filter((candidate) => existsSync(path.join(candidate, descriptionName)))
    .map(described)
}

function named(library: string): Build {
  const file = path.resolve(library)
  if (!existsSync(file)) throw new ClosureError('ERR_LAB_BUILD', `Expected a libssl at ${file}: there is no such file`)
  if (statSync(file).isDirectory()) return described(file)
  // It may need the loader of the build that it belongs to.
  const build = describedAbove(path.dirname(file))
  return sameFile(build?.libssl, file) && build !== undefined ? build : { name: library, libssl: file }
}

function describedAbove(folder: string): Build | undefined {
  const parent = path.dirname(folder)
  if (!existsSync(path.join(folder, descriptionName))) return parent === folder ? undefined : describedAbove(parent)
  try {
    return described(folder)
  } catch {
    // Other tools have a build.json too, and nobody named this one.
    return undefined
  }
}

// --- build.json ---

const descriptionName = 'build.json'

function described(folder: string): Build {
  const file = path.join(folder, descriptionName)
  const wrong = (reason: string, cause?: unknown) =>
    new ClosureError('ERR_LAB_BUILD', `${file} does not describe a build: ${reason}`, { cause })

  const description = parse(file, wrong)
  const entry = (key: string): unknown => description.get(key)
  const text = (key: string): string => {
    const value = entry(key)
    if (typeof value !== 'string' || value === '') throw wrong(`expected a text for ${key}`)
    return value
  }
  const place = (key: string, relative: string): string => {
    const absolute = path.resolve(folder, relative)
    if (!existsSync(absolute)) throw wrong(`${key} names ${relative}, which is not there`)
    return absolute
  }
  const optional = (key: 'libcrypto' | 'loader') => (entry(key) === undefined ? {} : { [key]: place(key, text(key)) })
  const libraryPath = (): Pick<Build, 'libraryPath'> => {
    const value = entry('libraryPath')
    if (value === undefined) return {}
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      throw wrong('expected a list of folders for libraryPath')
    }
    return { libraryPath: value.map((item) => place('libraryPath', item)) }
  }

  return {
    name: text('name'),
    libssl: place('libssl', text('libssl')),
    ...optional('libcrypto'),
    ...optional('loader'),
    ...libraryPath(),
  }
}

function parse(file: string, wrong: (reason: string, cause?: unknown) => ClosureError): Map<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw wrong('it cannot be read as JSON', cause)
  }
  if (typeof value !== 'object' || value === null) throw wrong('expected an object')
  return new Map(Object.entries(value))
}

// --- The system's own ---

const machines: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' }

function systemLibraries(): string[] {
  const machine = machines[process.arch] ?? process.arch
  return [`/usr/lib/${machine}-linux-gnu`, '/usr/lib64', '/usr/lib', '/usr/local/lib64', '/usr/local/lib']
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name)))
    .filter((file) => /\/libssl\.so\.\d[^/]*$/.test(file) && existsSync(file))
    .map((file) => realpathSync(file))
}

// --- Doubles ---

function unique(builds: readonly Build[]): Build[] {
  const kept: Build[] = []
  for (const build of builds) {
    const namesake = kept.find(({ name }) => name === build.name)
    if (namesake !== undefined && build.node === undefined && !sameLibrary(namesake, build)) {
      throw new ClosureError('ERR_LAB_BUILD', `Two different builds have the name ${build.name}`, {
        detail: [namesake, build].map(({ libssl }) => libssl ?? "Node's own"),
      })
    }
    if (kept.some((other) => sameLibrary(other, build))) continue
    kept.push(namesake === undefined ? build : { ...build, name: build.node ?? build.name })
  }
  return kept
}

function sameLibrary(a: Build, b: Build): boolean {
  if (a.libssl !== undefined || b.libssl !== undefined) return sameFile(a.libssl, b.libssl)
  return sameFile(a.node ?? runningNode(), b.node ?? runningNode())
}

function sameFile(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && realpathSync(a) === realpathSync(b)
}
