// Which files of test/ .ci/run repeats in another place than `npm test`: all but those that are excluded here by name,
// with the reason. A new folder or file is repeated until somebody says here why it need not be.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { helpIfAsked } from '../support/help.mjs'

const otherNodes = {
  benchmarks: 'programs of the checkout, which the package does not carry',
  bundles: 'bundles are the same whichever Node made them',
  ci: 'the checkout',
  cli: 'needs a compiler; its TLS is that of lab/scenarios',
  docs: 'pages of the checkout',
  drivers: 'a program of the checkout',
  house: 'the checkout',
  'lab/field-clients.test.ts': 'clients of others; assess, which runs them, is repeated',
  'lab/field.test.ts': 'servers of others; the probe that meets them is repeated',
  'lab/wire/records-and-tshark.test.ts': 'run once, by a step of its own',
  'metrics/alerts.test.ts': 'run once, by a step of its own',
  'metrics/scraped.test.ts': 'run once, by a step of its own',
  native: 'C++ without Node',
  'openssl/records-and-tshark.test.ts': 'run once, by a step of its own',
  scripts: 'programs of the checkout',
  support: 'the parts that the tests themselves are made of',
}

/** Of each place what is not repeated there, and why not: folders or files of test/. */
const excluded = {
  'other-nodes': otherNodes,
  // A line with one before it and one behind it that run more.
  'middle-node': {
    ...otherNodes,
    lab: 'programs and peers; the lines on both sides of it run them',
    openssl: "builds of OpenSSL, of which Node's own is one; the lines on both sides of it run them",
  },
  // The same JavaScript as on the lines above, and another C library below.
  musl: {
    ...otherNodes,
    closing: 'no native code',
    examples: 'programs of the checkout',
    'hazards/other-ssl-users.test.ts': 'compiles other addons, for glibc',
    lab: 'needs other libraries than the process has, which musl cannot load beside it',
    learned: 'no native code',
    metrics: 'no native code',
    'openssl/every-build.test.ts': 'needs other libraries than the process has',
    'openssl/glibc.test.ts': 'about glibc',
    'openssl/load.test.ts': 'needs other libraries than the process has',
    'openssl/random-calls.test.ts': 'compiles another addon, for glibc',
    operation: 'no native code',
    policy: 'no native code beyond that of closure',
    process: 'no native code beyond that of closure',
    report: 'no native code',
    stress: 'no native code beyond that of closure',
    tls: 'no native code',
  },
  sanitizers: {
    benchmarks: 'time and memory are other ones there',
    bundles: 'no native code of its own',
    ci: 'no native code',
    cli: 'no native code of its own',
    closing: 'no native code',
    doctor: 'no native code beyond that of closure and openssl',
    docs: 'no native code of its own',
    drivers: 'no native code',
    examples: 'no native code of its own',
    hazards: 'time, memory and ends of processes are other ones there',
    house: 'no native code',
    lab: 'needs other libraries than the process has, and AddressSanitizer takes no RTLD_DEEPBIND',
    learned: 'no native code beyond that of closure',
    metrics: 'no native code beyond that of closure',
    operation: 'no native code beyond that of closure',
    native: 'has sanitizers of its own: scripts/native/check.mjs sanitized',
    'openssl/elf.test.ts': 'no native code',
    'openssl/every-build.test.ts': 'needs other libraries than the process has',
    'openssl/glibc.test.ts': 'no native code',
    'openssl/load.test.ts': 'needs other libraries than the process has',
    'openssl/memory.test.ts': 'freed memory is kept for a while there',
    'openssl/records-and-tshark.test.ts': 'needs other libraries than the process has',
    policy: 'no native code beyond that of closure',
    process: 'no native code beyond that of closure',
    report: 'no native code',
    scripts: 'no native code of its own',
    stream: 'no native code beyond that of openssl',
    stress: 'time is another one there',
    support: 'the parts that the tests themselves are made of',
    tls: 'no native code',
    unwrap: 'no native code beyond that of closure',
  },
}

const usage = `Usage: node scripts/ci/test-files.mjs ${Object.keys(excluded).join('|')} [--excluded]

Prints the test files that are repeated there, or with --excluded the folders and files that are not, with the reasons.
Exit code 2: the call was wrong, or something that is excluded is not there.
`
helpIfAsked(usage)

const [place, option] = process.argv.slice(2)
if (!Object.hasOwn(excluded, place) || ![undefined, '--excluded'].includes(option)) {
  process.stderr.write(usage)
  process.exit(2)
}
const tests = fileURLToPath(new URL('../../test', import.meta.url))
const reasons = Object.entries(excluded[place])
const gone = reasons.filter(([name]) => !existsSync(join(tests, name)))
for (const [name] of gone) console.error(`ci/test-files: test/${name} is excluded and not there`)
if (gone.length > 0) process.exit(2)

if (option === '--excluded') {
  for (const [name, reason] of reasons) console.log(`test/${name}: ${reason}`)
} else {
  const files = readdirSync(tests, { recursive: true })
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => !reasons.some(([name]) => file === name || file.startsWith(`${name}/`)))
  for (const file of files.sort()) console.log(`test/${file}`)
}
