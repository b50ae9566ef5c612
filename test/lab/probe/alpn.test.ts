/** What is asked for, and what was agreed to by ALPN: no request goes to a server in a protocol that it did not agree to. */
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import type { Server } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ProbeOptions } from '../../../lib/lab/probe/options.js'
import { probe } from '../../../lib/lab/probe/probe.js'
import type { VersionResult } from '../../../lib/lab/probe/result.js'
import { certificate } from '../../support/certificate.js'

const { key, cert } = certificate
const wrong = { kind: 'not-observed', failure: { stage: 'request', reason: 'not-the-protocol' } }

async function probed(server: Server, options: ProbeOptions): Promise<VersionResult | undefined> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  const { versions } = await probe(`localhost:${address.port}`, {
    ...{ family: 4, wait: 300, ca: cert, versions: ['TLSv1.3'], questions: ['afterResponse', 'onCloseNotify'] },
    ...options,
  })
  return versions[0]
}

describe('a server of HTTP/2', () => {
  const h2 = (allowHTTP1 = false) =>
    createSecureServer({ key, cert, allowHTTP1 }, (_request, answer) => void answer.end('x'))

  test('is asked in HTTP/2 where h2 alone is offered', async () => {
    expect(await probed(h2(), { alpn: ['h2'] })).toMatchObject({
      alpn: 'h2',
      answers: { afterResponse: { kind: 'observed', response: { delimitedBy: 'frames', complete: true } } },
    })
  })

  test('gets no HTTP/1.1, and the other questions are asked', async () => {
    expect(await probed(h2(true), { alpn: ['h2', 'http/1.1'] })).toMatchObject({
      alpn: 'h2',
      answers: { afterResponse: wrong, onCloseNotify: { kind: 'observed' } },
    })
  })
})

test('a server of HTTP/1.1 gets no HTTP/2', async () => {
  const server = createServer({ key, cert, ALPNProtocols: ['http/1.1'] }, (_request, answer) => void answer.end('x'))
  const offered = { request: 'h2', alpn: ['h2', 'http/1.1'] } as const
  expect(await probed(server, offered)).toMatchObject({
    alpn: 'http/1.1',
    answers: { afterResponse: wrong, onCloseNotify: { kind: 'observed' } },
  })
})
