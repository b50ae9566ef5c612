// Builds the native core without Node, with what exercises it, and runs that: plainly and on every libssl that is
// there, under AddressSanitizer and UndefinedBehaviorSanitizer, under valgrind, and as a fuzz target. See test/native.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { libsslFolder } from '../libssl/builds.mjs'
import { makeNativeCredentials } from './credentials.mjs'

const usage = `Usage: node scripts/native/check.mjs [--seconds=N] [plain] [sanitized] [valgrind] [fuzz] [fuzz-minimize]

  plain          the harness on the system's libssl, linked and by its path, and on those in .cache/libssl
  sanitized      the harness and the fuzzer's corpus under AddressSanitizer and UndefinedBehaviorSanitizer
  valgrind       the harness under valgrind's memory and leak check
  fuzz           the fuzz target for N seconds (60 where nothing is said), from its corpus (needs clang)
  fuzz-minimize  not without being asked: fuzz, then keep in test/native/corpus what is worth it

Without a name: the first four. Exit code 0: nothing was found. 1: something was. 2: the call was wrong.
`

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const sources = join(root, 'test', 'native')
const corpus = join(sources, 'corpus')
const checks = { plain, sanitized, valgrind, fuzz: () => fuzz(), 'fuzz-minimize': minimize }

// OpenSSL allocates much and the target is asked often: shallow stacks and a small quarantine make it twice as fast.
const fuzzEnvironment = { ASAN_OPTIONS: 'malloc_context_size=5:quarantine_size_mb=16:detect_leaks=1' }

const { names, seconds } = readArguments()
await makeNativeCredentials()
for (const name of names) {
  console.log(`\n--- ${name}`)
  checks[name]()
}

function readArguments() {
  const options = { seconds: { type: 'string', default: '60' }, help: { type: 'boolean' } }
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    if (values.help) {
      process.stdout.write(usage)
      process.exit(0)
    }
    const unknown = positionals.filter((name) => !Object.hasOwn(checks, name))
    if (unknown.length > 0) throw new Error(`unknown check: ${unknown.join(', ')}`)
    if (!/^[1-9]\d*$/.test(values.seconds)) throw new Error(`expected a whole number of seconds, not ${values.seconds}`)
    const all = ['plain', 'sanitized', 'valgrind', 'fuzz']
    return { names: positionals.length === 0 ? all : positionals, seconds: Number(values.seconds) }
  } catch (error) {
    console.error(`native/check: ${error.message}\n\n${usage}`)
    return process.exit(2)
  }
}

// --- The checks ---

function plain() {
  const built = build('plain')
  run(join(built, 'harness-linked'))
  const isolated = join(built, 'harness-isolated')
  const here = fetchedBuilds().filter(({ loader }) => loader === undefined)
  // Together with the system's own all of them run in one process, but no two of one SONAME.
  const system = systemLibraries(join(built, 'harness-linked'))
  const beside = here.filter(({ libssl }) => nameOf(libssl) !== nameOf(system.libssl))
  run(isolated, [system, ...beside].flatMap(libraryArguments))
  for (const build of here.filter((other) => !beside.includes(other))) run(isolated, libraryArguments(build))
  for (const build of fetchedBuilds().filter(({ loader }) => loader !== undefined)) {
    run(build.loader, ['--library-path', build.libraryPath.join(':'), isolated, ...libraryArguments(build)])
  }
}

function sanitized() {
  const harness = join(build('sanitized', ['-DSANITIZE=address,undefined']), 'harness-linked')
  const env = { ASAN_OPTIONS: 'detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1' }
  run(harness, [], env)
  run(harness, ['--replay', corpus], env)
}

// Still reachable at the end are OpenSSL's memory and our records of libraries, which live as long as the process.
function valgrind() {
  const kinds = 'definite,indirect,possible'
  const options = ['--leak-check=full', `--show-leak-kinds=${kinds}`, `--errors-for-leak-kinds=${kinds}`]
  // The harness has an operator new of its own, which runs out of memory when it is told to.
  const ours = '--soname-synonyms=somalloc=nouserintercepts'
  run('valgrind', [...options, ours, '--error-exitcode=9', join(build('plain'), 'harness-linked')])
}

function fuzz(keep = () => {}) {
  const target = join(buildFuzzTarget(), 'fuzz')
  const folder = mkdtempSync(join(tmpdir(), 'close-notify-fuzz-'))
  const found = join(folder, 'found')
  const crashes = join(folder, 'crashes')
  for (const path of [found, crashes, corpus]) mkdirSync(path, { recursive: true })
  const options = ['-max_len=400', `-max_total_time=${seconds}`, '-timeout=20', '-print_final_stats=1', '-verbosity=1']
  const failed = spawn(target, [...options, `-artifact_prefix=${crashes}/`, found, corpus], fuzzEnvironment)
  for (const name of readdirSync(crashes)) {
    console.error(`${name}, to be run by: base64 -d >FILE; build/native/fuzz/fuzz FILE`)
    console.error(readFileSync(join(crashes, name)).toString('base64'))
  }
  if (!failed) keep(target, found)
  rmSync(folder, { recursive: true })
  if (failed) finish(1)
}

// A small set of programs that reaches every branch that these and the earlier ones reach.
function minimize() {
  fuzz((target, found) => {
    const kept = mkdtempSync(join(tmpdir(), 'close-notify-corpus-'))
    const environment = { ...fuzzEnvironment, CLOSE_NOTIFY_BRANCHES_ONLY: '1' }
    run(target, ['-merge=1', '-use_counters=0', '-max_len=400', kept, corpus, found], environment)
    rmSync(corpus, { recursive: true })
    run('mv', [kept, corpus])
    run('chmod', ['a+rx', corpus])
    console.log(`${readdirSync(corpus).length} programs kept`)
  })
}

// --- Building and running ---

function buildFuzzTarget() {
  const compiler = ['clang++', 'clang++-14'].find((name) => spawnSync(name, ['--version']).status === 0)
  if (compiler === undefined) {
    console.error('native/check: fuzz needs clang and its compiler-rt (Debian: clang-14 libclang-rt-14-dev)')
    finish(1)
  }
  return build('fuzz', ['-DFUZZ=ON', '-DSANITIZE=address,undefined', `-DCMAKE_CXX_COMPILER=${compiler}`])
}

function build(name, options = []) {
  const folder = join(root, 'build', 'native', name)
  run('cmake', ['-S', sources, '-B', folder, ...options], {}, 'ignore')
  run('cmake', ['--build', folder, '--parallel', String(availableParallelism())], {}, 'ignore')
  return folder
}

function run(command, args = [], env = {}, output = 'inherit') {
  if (spawn(command, args, env, output)) finish(1)
}

/** Returns whether it failed, and reports how. */
function spawn(command, args, env, output = 'inherit') {
  const result = spawnSync(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', output, 'inherit'] })
  if (result.status === 0) return false
  const why = result.error?.message ?? (result.signal === null ? `exit code ${result.status}` : result.signal)
  console.error(`native/check: ${[command, ...args].join(' ')}: ${why}`)
  return true
}

function finish(code) {
  process.exit(code)
}

// --- Libraries ---

function libraryArguments({ libssl, libcrypto }) {
  return ['--library', libssl, libcrypto]
}

function nameOf(path) {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The file that the dynamic loader finds for a program that is linked with libssl. */
function systemLibraries(program) {
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' })
  const pathOf = (library) => stdout.match(new RegExp(`${library}\\.so\\S* => (\\S+)`))?.[1]
  return { libssl: pathOf('libssl'), libcrypto: pathOf('libcrypto') }
}

function fetchedBuilds() {
  let names = []
  try {
    names = readdirSync(libsslFolder).filter((name) => !name.startsWith('.'))
  } catch {
    console.log('no libssl in .cache/libssl: run node scripts/libssl/fetch.mjs for more than the system has')
  }
  return names.map((name) => {
    const folder = join(libsslFolder, name)
    const { libssl, libcrypto, loader, libraryPath } = JSON.parse(readFileSync(join(folder, 'build.json'), 'utf8'))
    return {
      libssl: join(folder, libssl),
      libcrypto: join(folder, libcrypto),
      loader: loader === undefined ? undefined : join(folder, loader),
      libraryPath: libraryPath?.map((path) => join(folder, path)),
    }
  })
}
