// Puts other runtimes into .cache/runtimes, for tests that run the same binary on each. See runtimes.mjs.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { unpackPackage } from '../support/debian-packages.mjs'
import { fetchFailed, fillFolder, reasonOf, removeLeftovers, run, stopOnSignal, stopped } from '../support/fetching.mjs'
import { libraries, locate, locateLibrary, runtimes, runtimesFolder } from './runtimes.mjs'

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
    await fillFolder(place.folder, async (unpacked, aside) => {
      const fetch = runtime.from === 'npm' ? fetchFromNpm : fetchFromDebian
      await fetch(runtime, aside, unpacked)
      const { command, env } = locate(runtime, unpacked)
      const [program, ...args] = command
      // With its name before it, or those of its parts behind, or a v.
      const said = await run(program, [...args, '--version'], { env: { ...process.env, ...env } })
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
  console.error(reasonOf(error).replace(/^/gm, '  '))
  process.exitCode = fetchFailed
}

async function fetchFromNpm(runtime, aside, unpacked) {
  await run('npm', ['pack', `${runtime.package}@${runtime.version}`, '--ignore-scripts', '--pack-destination', aside])
  await run('tar', ['-xzf', only(aside, '.tgz'), '-C', unpacked, '--strip-components=1'])
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

function only(folder, ending) {
  const files = readdirSync(folder).filter((name) => name.endsWith(ending))
  if (files.length !== 1) throw new Error(`expected one ${ending} file, found ${files.length}`)
  return join(folder, files[0])
}
