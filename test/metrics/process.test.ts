// Metrics as a part of a process: threads count for themselves, and nothing keeps one alive.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { factsOfProgram } from '../hazards/child.js'
import { certificate } from '../support/certificate.js'

const env = { KEY_FILE: certificate.keyFile, CERT_FILE: certificate.certFile }
const root = fileURLToPath(new URL('../..', import.meta.url))
const factsOf = (name: string) => factsOfProgram(`../../metrics/programs/${name}`, [], { env })

test('each thread counts its own connections, and prom-client sums them up', async () => {
  expect(await factsOf('threads.mjs')).toEqual([{ each: [3, 2, 2], sum: 7 }])
})

test.each(['prometheus', 'opentelemetry'])('require() takes close-notify/metrics/%s', async (entry) => {
  const script = `process.stdout.write(Object.keys(require('close-notify/metrics/${entry}')).sort().join())`
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { cwd: root })
  expect(stdout).toBe(
    { prometheus: 'collectClosures', opentelemetry: 'closedEvent,meterClosures,traceClosures' }[entry],
  )
})

test('metrics and traces that are never stopped start no timer and keep no process alive', async () => {
  const [fact] = await factsOf('idle.mjs')
  const after: unknown = Reflect.get(Object(fact), 'after')
  expect(fact).toMatchObject({ before: after })
})
