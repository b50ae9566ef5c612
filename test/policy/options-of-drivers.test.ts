// Options under closingConnect() in the hands of libraries that are not undici, but hand them on to tls.connect().
import https, { createServer } from 'node:https'
import { text } from 'node:stream/consumers'
import tls from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ClosurePolicy, closingConnect } from '../../lib/index.js'
import { listen } from '../closure/servers.js'
import { certificate } from '../support/certificate.js'
import { collect } from '../support/streams.js'
import { watch } from './harness.js'
import { codeOf } from './truncation/outcomes.js'

const { key, cert, cert: ca, host } = certificate

/** Says half of what it has to say, and then destroys the connection: a bare FIN. */
async function startCuttingServer(): Promise<number> {
  const server = tls.createServer({ key, cert }, (socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => void socket.write('HTTP/1.1 200 OK\r\n\r\nhalf', () => socket.destroy()))
  })
  onTestFinished(() => void server.close())
  return listen(server)
}

const options = (policy: ClosurePolicy) => {
  const connecting = closingConnect(policy)
  return { watched: watch(connecting.control), marked: connecting({ ca, host, servername: host }) }
}

describe('a cut stream', () => {
  test.each([
    { onTruncation: 'error', expected: 'ERR_TLS_TRUNCATED' },
    { onTruncation: 'report', expected: undefined },
  ] as const)('of a socket that the library reads itself, with $onTruncation', async ({ onTruncation, expected }) => {
    const { marked, watched } = options({ onTruncation })
    const socket = tls.connect({ ...marked, port: await startCuttingServer() })
    socket.write('a question')
    const { bytes, error } = await collect(socket)
    expect({ said: String(bytes).slice(-4), error: error?.code }).toEqual({ said: 'half', error: expected })
    expect((await watched.report()).verdict).toBe('truncated')
  })

  test.each([
    { onTruncation: 'error', expected: 'ERR_TLS_TRUNCATED' },
    { onTruncation: 'report', expected: 'half' },
  ] as const)('of a response of https, with $onTruncation', async ({ onTruncation, expected }) => {
    const { marked, watched } = options({ onTruncation })
    const port = await startCuttingServer()
    const asked = new Promise<string>((resolve, reject) => {
      https.get({ ...marked, port, agent: false }, (response) => void text(response).then(resolve, reject))
    })
    expect(await asked.catch(codeOf)).toBe(expected)
    expect((await watched.report()).verdict).toBe('truncated')
  })
})

test('an idle connection of an agent is no message that was cut', async () => {
  const { marked, watched } = options({ onTruncation: 'error' })
  const server = createServer({ key, cert }, (request, response) => {
    response.end('whole', () => setImmediate(() => request.socket.destroy()))
  })
  onTestFinished(() => void server.close())
  const port = await listen(server)
  const agent = new https.Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  const answer = await new Promise<string>((resolve, reject) => {
    https.get({ ...marked, port, agent }, (response) => void text(response).then(resolve, reject))
  })
  expect(answer).toBe('whole')
  expect((await watched.report()).verdict).toBe('truncated')
})
