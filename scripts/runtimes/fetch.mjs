// Puts other runtimes into .cache/runtimes, for tests that run the same binary on each. See runtimes.mjs.
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { unpackPackage } from '../support/debian-packages.mjs'
import {
  fetchFailed,
  fillFolder,
  onlyIn,
  reasonOf,
  removeLeftovers,
  run,
  stopOnSignal,
  stopped,
} from '../support/fetching.mjs'
import { hasLibraries, libraries, locate, locateLibrary, runtimes, runtimesFolder } from './runtimes.mjs'

const usage = `Usage: node scripts/runtimes/fetch.mjs [--json] [NAME...]

Fetches the runtimes and libraries that are not there yet, all of them or those named, into .cache/runtimes:
${[...runtimes, ...libraries].map(({ name, version, from }) => `  ${name.padEnd(14)} ${version.padEnd(8)} from ${from}`).join('\n')}

  --json   fetch nothing, print what is there
  --help   this text

Exit code 0: all are there. 1: the call was wrong. 75: a fetch failed, which says nothing about this package.
`

const { values, positionals } = readArguments()
stopOnSignal()
if (values.help) {
  process.stdout.write(usage)
} else if (values.json) {
  const places = [...runtimes.map((runtime) => locate(runtime)), ...libraries.map((library) => locateLibrary(library))]
  console.log(JSON.stringify(places, undefined, 2))
} else {
  removeLeftovers(runtimesFolder)
  for (const runtime of wanted(runtimes, positionals)) {
    if (!stopped()) await fetchOnce(runtime)
  }
  for (const library of wanted(libraries, positionals)) {
    if (!stopped()) await fetchLibrary(library)
  }
}

function readArguments() {
  try {
    return parseArgs({ options: { json: { type: 'boolean' }, help: { type: 'boolean' } }, allowPositionals: true })
  } catch (error) {
    return misused(error.message)
  }
}

function wanted(all, names) {
  const unknown = names.filter((name) => ![...runtimes, ...libraries].some((known) => known.name === name))
  if (unknown.length > 0) misused(`unknown runtime or library: ${unknown.join(', ')}`)
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name))
}

function misused(message) {
  console.error(`runtimes/fetch: ${message}\n\n${usage}`)
  process.exit(1)
}

async function fetchOnce(runtime) {
  const place = locate(runtime)
  if (place.present) {
    console.log(`${runtime.name} ${runtime.version} is there: ${place.executable}`)
    return
  }
  try {
    if (!hasLibraries(runtime)) throw new Error('first, once: node scripts/musl/fetch.mjs')
    await fillFolder(place.folder, async (unpacked, aside) => {
      const fetch = runtime.from === 'npm' ? fetchFromNpm : fetchFromDebian
      await fetch(runtime, aside, unpacked)
      const { command, env, executable } = locate(runtime, unpacked)
      if (runtime.carriesProgram) forgetProgram(executable)
      if (runtime.libraries !== undefined) await bindTo(runtime.libraries, executable, place.executable)
      const [program, ...args] = command
      // With its name before it, or those of its parts behind, or a v.
      const said = await run(program, [...args, '--version'], {
        env: { ...process.env, ...env, ...(runtime.libraries && { LD_LIBRARY_PATH: runtime.libraries }) },
      })
      if (/\d+\.\d+\.\d+/.exec(said)?.[0] !== runtime.version) {
        throw new Error(`expected version ${runtime.version}, it says ${said.trim()}`)
      }
    })
    console.log(`${runtime.name} ${runtime.version} fetched: ${place.executable}`)
  } catch (error) {
    failed(runtime, error)
  }
}

async function fetchLibrary(library) {
  const place = locateLibrary(library)
  if (place.present) {
    console.log(`${library.name} ${library.version} is there: ${place.folder}`)
    return
  }
  try {
    await fillFolder(place.folder, (unpacked, aside) => fetchFromNpm(library, aside, unpacked))
    console.log(`${library.name} ${library.version} fetched: ${place.folder}`)
  } catch (error) {
    failed(library, error)
  }
}

function failed({ name, version }, error) {
  if (stopped()) return
  console.error(`runtimes/fetch: FETCH FAILED, which is not a failed test: ${name} ${version}`)
  // A loader that misses a library goes on with each of its symbols.
  console.error(reasonOf(error).split('\n').slice(0, 10).join('\n').replace(/^/gm, '  '))
  process.exitCode = fetchFailed
}

async function fetchFromNpm(runtime, aside, unpacked) {
  const version = runtime.packageVersion ?? runtime.version
  await run('npm', ['pack', `${runtime.package}@${version}`, '--ignore-scripts', '--pack-destination', aside])
  await run('tar', ['-xzf', onlyIn(aside, /\.tgz$/), '-C', unpacked, '--strip-components=1'])
}

// A Node that runs the program which was put into its file (a "single executable application") knows it by one digit.
function forgetProgram(executable) {
  const bytes = readFileSync(executable)
  const fuse = Buffer.from('NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1')
  const at = bytes.indexOf(fuse)
  if (at === -1) throw new Error(`expected a Node with a program in it: ${executable} has no ${fuse}`)
  bytes[at + fuse.length - 1] = '0'.charCodeAt(0)
  writeFileSync(executable, bytes)
  chmodSync(executable, 0o755)
}

// In the file itself: LD_LIBRARY_PATH would reach programs of glibc that it starts. Relative, for the cache may be moved.
async function bindTo(libraries, executable, place) {
  const path = `$ORIGIN/${relative(dirname(place), libraries)}`
  await run('patchelf', ['--set-rpath', path, executable])
}

async function fetchFromDebian(runtime, aside, unpacked) {
  const versioned = await Promise.all(runtime.versioned.map((name) => newestOf(runtime, name)))
  await run('apt-get', ['download', ...versioned, ...runtime.packages], { cwd: aside })
  for (const name of readdirSync(aside).filter((file) => file.endsWith('.deb'))) {
    await unpackPackage(join(aside, name), unpacked)
  }
  const source = fileURLToPath(new URL('moved_files.c', import.meta.url))
  await run('gcc', ['-shared', '-fPIC', '-O1', '-o', join(unpacked, 'moved_files.so'), source, '-ldl'])
}

// The machine may have another nodejs in its package lists: the version is chosen, not left to apt.
async function newestOf(runtime, name) {
  const [newest] = (await run('apt-cache', ['madison', name]))
    .split('\n')
    .map((line) => line.split('|').map((field) => field.trim()))
    .filter(([, version]) => version?.startsWith(`${runtime.version}+dfsg`))
    .map(([, version]) => version)
  if (newest === undefined) {
    throw new Error(
      `apt has no ${name} ${runtime.version}: expected the package lists of Debian 12, is "apt-get update" needed?`,
    )
  }
  return `${name}=${newest}`
}
