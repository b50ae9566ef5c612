// One build in a process of its own: runs every scenario there and prints what came of it, as one line of JSON.
//     node run-build.mjs [LIBSSL [LIBCRYPTO]]
import { readFileSync } from 'node:fs'
import { scenarios } from '../../../../../dist/lib/lab/scenarios/suites/index.js'
import { runScenario } from '../../../../../dist/lib/lab/scenarios/run.js'
import { loadOpenSSL } from '../../../../../dist/lib/openssl/index.js'

const [libssl, crypto] = process.argv.slice(2)
const openssl = libssl === undefined ? loadOpenSSL() : loadOpenSSL(libssl, crypto === undefined ? {} : { crypto })
const certificates = new URL('../../../../../.cache/certificates/', import.meta.url)
const [key, cert] = ['key', 'cert'].map((what) => readFileSync(new URL(`localhost.${what}.pem`, certificates)))
const outcomes = scenarios.flatMap((scenario) =>
  scenario.versions.map((tls) => runScenario(openssl, scenario, tls, { key, cert })),
)
const { kind, version, versionNumber } = openssl
console.log(JSON.stringify({ kind, version, versionNumber, outcomes }))
