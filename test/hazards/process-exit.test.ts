import { createServer } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { certificate } from '../support/certificate.js'
import { once } from '../support/streams.js'
import { runProgram } from './child.js'

const steps = ['handshake', 'drain', 'alert', 'wait', 'after'] as const
const kinds = [
  { kind: 'socket', env: {} },
  { kind: 'TlsStream', env: { CLOSE_NOTIFY_TEST_STREAMS: '1' } },
] as const
const all = kinds.flatMap((each) => steps.map((step) => ({ ...each, step })))

describe.each(all)('a process that ends while the closing of a $kind is at this step: $step', ({ env, step }) => {
  test('exits with the code of process.exit()', async () => {
    const { code, signal, facts, stderr } = await endAt(step, 'process.exit()', env)
    expect({ code, signal, stderr }).toEqual({ code: 5, signal: null, stderr: '' })
    expect(facts).toEqual([{ step }, { exit: 5 }])
  })

  test('exits with 1 at an uncaught exception, and prints it', async () => {
    const { code, signal, facts, stderr } = await endAt(step, 'an uncaught exception', env)
    expect({ code, signal }).toEqual({ code: 1, signal: null })
    expect(stderr).toContain('Error: on purpose')
    expect(facts).toEqual([{ step }, { exit: 1 }])
  })
})

// In mid-drain it is the kernel's unfinished write that keeps a process of Node's.
test.each(all.filter(({ step }) => step !== 'drain'))(
  'a process ends by itself once nothing but the closing of a $kind is left ($step): no timer of ours keeps it',
  async ({ env, step }) => {
    const { code, signal, facts, stderr } = await endAt(step, 'running out of work', env)
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    expect(facts).toEqual([{ step }, { exit: 0 }])
  },
)

async function endAt(step: (typeof steps)[number], how: string, env: Readonly<Record<string, string>>) {
  const server = createServer({ key: certificate.key, cert: certificate.cert, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    // Unread where the closing is to stop at the drain; silent where it is to stop at the wait.
    if (step !== 'drain') socket.resume()
    if (step === 'after') socket.on('end', () => socket.end())
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  return runProgram('exits-at-step.mjs', [step, how, address.port], { env })
}
