import { createServer } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { certificate } from '../support/certificate.js'
import { once } from '../support/streams.js'
import { runProgram } from './child.js'

const steps = ['handshake', 'drain', 'alert', 'wait', 'after'] as const

describe.each(steps)('a process that ends while a closing is at this step: %s', (step) => {
  test('exits with the code of process.exit()', async () => {
    const { code, signal, facts, stderr } = await endAt(step, 'process.exit()')
    expect({ code, signal, stderr }).toEqual({ code: 5, signal: null, stderr: '' })
    expect(facts).toEqual([{ step }, { exit: 5 }])
  })

  test('exits with 1 at an uncaught exception, and prints it', async () => {
    const { code, signal, facts, stderr } = await endAt(step, 'an uncaught exception')
    expect({ code, signal }).toEqual({ code: 1, signal: null })
    expect(stderr).toContain('Error: on purpose')
    expect(facts).toEqual([{ step }, { exit: 1 }])
  })
})

// In mid-drain it is the kernel's unfinished write that keeps a process of Node's.
test.each(['handshake', 'alert', 'wait', 'after'] as const)(
  'a process ends by itself once nothing but a closing is left (%s): no timer of ours keeps it',
  async (step) => {
    const { code, signal, facts, stderr } = await endAt(step, 'running out of work')
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    expect(facts).toEqual([{ step }, { exit: 0 }])
  },
)

async function endAt(step: (typeof steps)[number], how: string) {
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
  return runProgram('exits-at-step.mjs', [step, how, address.port])
}
