// Metrics as a part of a process: threads count for themselves, and nothing keeps one alive.
import { expect, test } from 'vitest'
import { factsOfProgram } from '../hazards/child.js'
import { certificate } from '../support/certificate.js'

const env = { KEY_FILE: certificate.keyFile, CERT_FILE: certificate.certFile }
const factsOf = (name: string) => factsOfProgram(`../../metrics/programs/${name}`, [], { env })

test('each thread counts its own connections, and prom-client sums them up', async () => {
  expect(await factsOf('threads.mjs')).toEqual([{ each: [3, 2, 2], sum: 7 }])
})

test('metrics and traces that are never stopped start no timer and keep no process alive', async () => {
  const [fact] = await factsOf('idle.mjs')
  expect(fact).toMatchObject({ before: Reflect.get(Object(fact), 'after') })
})
