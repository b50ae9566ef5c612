// The cases between two TLS streams on other runtimes than Node, with a libssl by its path:
// scripts/runtimes/node-suite.mjs starts it, with KEY CERT LIBSSL.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { loadOpenSSL } from '../../../lib/stream/index.js'
import { tlsVersions } from '../../../lib/tls/versions.js'
import { expectedFacts, type Facts, isRun, type RunCase } from './case.js'
import { nodeCases } from './cases.js'
import { Ends } from './ends.js'

const runtime = (['bun', 'deno', 'node'] as const).find((name) => process.versions[name] !== undefined)

/** What a runtime's own streams and sockets do in another way than Node's. */
const otherwise: Readonly<Record<string, Facts | undefined>> = {
  // Bun's sockets emit 'end' when the program destroys them, as if the peer had ended.
  'bun test-tls-socket-close': { server: 'ERR_TLS_TRUNCATED' },
}

// Time that no case takes.
const ample = 20_000

const [keyFile = '', certFile = '', library = ''] = process.argv.slice(2)
const identity = { host: 'localhost', key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') }
const openssl = loadOpenSSL(library)
const rows = tlsVersions.flatMap((version) => nodeCases.filter(isRun).map((one) => ({ version, one })))
let failures = 0
for (const { version, one } of rows) {
  const ends = new Ends({ version, client: 'TlsStream', server: 'TlsStream', identity, openssl })
  try {
    const expected = { ...expectedFacts(one, 'TlsStream', 'TlsStream'), ...otherwise[`${runtime} ${one.test}`] }
    assert.deepEqual(await inTime(one.run(ends)), expected)
  } catch (error) {
    failures++
    console.error(`${version}, ${one.test}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
  await ends.close()
}
console.log(
  `${runtime}, ${openssl.version}: ${rows.length - failures} of ${rows.length} cases of Node's tests as they have to be`,
)
process.exit(failures === 0 ? 0 : 1)

function inTime(facts: ReturnType<RunCase['run']>): Promise<Facts> {
  return new Promise((resolve, reject) => {
    const guard = setTimeout(() => {
      reject(new Error('nothing has come'))
    }, ample)
    facts.then(resolve, reject).finally(() => {
      clearTimeout(guard)
    })
  })
}
