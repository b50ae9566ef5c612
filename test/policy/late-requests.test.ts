// Requests and uploads that come after the response that closed the connection.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { closeNotify, closeNotifyAndFin, text, turns } from '../closure/sides.js'
import { tlsVersions } from '../support/pair.js'
import { once } from '../support/streams.js'
import {
  ample,
  answerAndClose,
  connected,
  controlled,
  endingOf,
  get,
  httpsServer,
  modes,
  stock,
  until,
} from './harness.js'

const late = 'POST /transfer-money HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi'

/** Notes every request that a handler is run for. */
function noting(handler: (req: IncomingMessage, res: ServerResponse) => void) {
  const requests: string[] = []
  const noted = (req: IncomingMessage, res: ServerResponse) => {
    requests.push(`${req.method} ${req.url}`)
    handler(req, res)
  }
  return { requests, noted }
}

describe.each(tlsVersions)('%s', (version) => {
  test('stock Node runs the pipelined request: what the tests below exclude can happen', async () => {
    const { requests, noted } = noting(answerAndClose)
    const relay = await stock(httpsServer(version, noted))
    const client = await connected(relay.port, version, { allowHalfOpen: true })
    const received = text(client)
    client.write(get('/a') + late)
    client.end()
    await received
    expect(requests).toEqual(['GET /a', 'POST /transfer-money'])
  })

  describe.each(modes)('%s', (mode) => {
    const policy = { mode, waitTimeout: ample } as const

    test.each([
      ['the server says Connection: close', '', answerAndClose],
      [
        'the response has a body of many writes',
        '',
        (_req: IncomingMessage, res: ServerResponse) => {
          res.setHeader('Connection', 'close')
          for (let i = 0; i < 100; i++) res.write('b'.repeat(10_000))
          res.end('ok')
        },
      ],
    ] as const)('pipelined in one segment, %s: runs no handler', async (_why, headers, handler) => {
      const { requests, noted } = noting(handler)
      const { relay, report } = await controlled(httpsServer(version, noted), policy)
      const client = await connected(relay.port, version)
      const received = text(client)
      client.write(get('/a', headers) + late + late)
      expect((await received).text).toMatch(/^HTTP\/1\.1 200 [\s\S]*ok(\r\n0\r\n\r\n)?$/)
      expect(await report()).toMatchObject({ mode })
      await turns()
      expect(requests).toEqual(['GET /a'])
    })

    // Node's parser takes bytes behind such a request for an error, and http destroys the socket with it.
    test('pipelined behind a request that asks to close: runs no handler', async () => {
      const { requests, noted } = noting((_req, res) => res.end('ok'))
      const { relay, report } = await controlled(httpsServer(version, noted), policy)
      const client = await connected(relay.port, version)
      const received = text(client)
      client.write(get('/a', 'Connection: close\r\n') + late)
      expect((await received).text).toMatch(/^HTTP\/1\.1 200 [\s\S]*ok$/)
      expect(await report()).toMatchObject({ began: 'local' })
      expect(requests).toEqual(['GET /a'])
    })

    test('behind a response that is begun and still being written: runs no handler', async () => {
      const responses: ServerResponse[] = []
      const { requests, noted } = noting((_req, res) => {
        res.setHeader('Connection', 'close')
        res.write('first ')
        responses.push(res)
      })
      const { relay, report } = await controlled(httpsServer(version, noted), policy)
      const client = await connected(relay.port, version)
      const received = text(client)
      client.write(get('/a'))
      await until(() => responses.length === 1)
      client.write(late)
      const wire = await relay.nextWire()
      await until(() => wire.data('client').length >= get('/a').length + late.length)
      await turns(10)
      responses[0]?.end('last')
      expect((await received).text).toContain('last')
      expect(await report()).toMatchObject({ mode })
      expect(requests).toEqual(['GET /a'])
    })
  })

  test.each([
    ['whole', [late]],
    ['split over segments', [late.slice(0, 7), late.slice(7, 40), late.slice(40)]],
    ['many of them', Array.from({ length: 20 }, () => late)],
  ] as const)('while FIN is held, %s: runs no handler, and is counted', async (_name, segments) => {
    const { requests, noted } = noting(answerAndClose)
    const { relay, report } = await controlled(httpsServer(version, noted), {
      mode: 'bidirectional',
      waitTimeout: ample,
    })
    const client = await connected(relay.port, version, { allowHalfOpen: true })
    const received = text(client)
    client.write(get('/a'))
    await once(client, 'end')
    const wire = await relay.nextWire()
    for (const segment of segments) {
      client.write(segment)
      const length = wire.data('client').length + segment.length
      await until(() => wire.data('client').length === length)
    }
    client.end()
    expect(await report()).toMatchObject({ verdict: 'clean', discardedBytes: segments.join('').length })
    expect((await received).text).toMatch(/^HTTP\/1\.1 200 [\s\S]*ok$/)
    expect(requests).toEqual(['GET /a'])
    await wire.seen('server', 'fin')
    expect(endingOf(wire, 'server')).toEqual(closeNotifyAndFin)
  })

  test('begun before the response ended, its rest comes while FIN is held: runs no handler', async () => {
    const { requests, noted } = noting(answerAndClose)
    const { relay, report } = await controlled(httpsServer(version, noted), {
      mode: 'bidirectional',
      waitTimeout: ample,
    })
    const client = await connected(relay.port, version, { allowHalfOpen: true })
    const received = text(client)
    client.write(get('/a') + late.slice(0, 20))
    await once(client, 'end')
    client.end(late.slice(20))
    expect(await report()).toMatchObject({ verdict: 'clean', discardedBytes: late.length - 20 })
    await received
    expect(requests).toEqual(['GET /a'])
  })

  test('more than maxDiscardBytes: the connection is given up, and what was read is bounded', async () => {
    const { requests, noted } = noting(answerAndClose)
    const { relay, report, control } = await controlled(httpsServer(version, noted), {
      mode: 'bidirectional',
      waitTimeout: ample,
      maxDiscardBytes: 100_000,
    })
    const client = await connected(relay.port, version, { allowHalfOpen: true })
    client.resume().write(get('/a'))
    await once(client, 'end')
    client.write(late + 'x'.repeat(3_000_000))
    const flooded = await report()
    expect(flooded).toMatchObject({ verdict: 'flooded', endedBy: 'discard-limit' })
    expect(flooded.discardedBytes).toBeGreaterThan(100_000)
    // It can exceed the budget by what one read of TLS returns, and by no more.
    expect(flooded.discardedBytes).toBeLessThan(100_000 + 70_000)
    expect(requests).toEqual(['GET /a'])
    expect(control.counters).toMatchObject({ flooded: 1 })
  })

  describe('an upload that was answered early', () => {
    const size = 3_000_000
    const refuse = (_req: IncomingMessage, res: ServerResponse): void => {
      res.writeHead(413, { Connection: 'close' })
      res.end('too large'.repeat(1000))
    }

    async function upload(port: number, body: number) {
      const client = await connected(port, version, { allowHalfOpen: true })
      const errors: unknown[] = []
      client.on('error', (error) => errors.push(error))
      const received = text(client)
      client.write(`POST /u HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body}\r\n\r\n`)
      client.end(Buffer.alloc(body))
      const { text: answer, ended } = await received
      return { answer, ended, errors }
    }

    test.each([
      ['by a handler that does not read it', refuse],
      [
        'by a handler that had read a part of it',
        (req: IncomingMessage, res: ServerResponse): void => {
          req.once('data', () => {
            refuse(req, res)
          })
        },
      ],
    ] as const)('%s is drained, and the response arrives whole', async (_name, handler) => {
      const { requests, noted } = noting(handler)
      const { relay, report } = await controlled(httpsServer(version, noted), {
        mode: 'bidirectional',
        waitTimeout: ample,
        maxDiscardBytes: 2 * size,
      })
      const { answer, ended, errors } = await upload(relay.port, size)
      expect(answer).toMatch(/^HTTP\/1\.1 413 /)
      expect(answer.endsWith('too large\r\n0\r\n\r\n')).toBe(true)
      expect({ ended, errors }).toEqual({ ended: true, errors: [] })
      const final = await report()
      expect(final).toMatchObject({ verdict: 'clean', endedBy: 'done' })
      expect(final.discardedBytes).toBeGreaterThan(size / 2)
      expect(requests).toEqual(['POST /u'])
      const wire = await relay.nextWire()
      await wire.closed
      expect(wire.closing('server')).toEqual(closeNotifyAndFin)
    })

    test('beyond the budget ends as flooded', async () => {
      const { relay, report } = await controlled(httpsServer(version, refuse), {
        mode: 'bidirectional',
        waitTimeout: ample,
        maxDiscardBytes: 100_000,
      })
      void upload(relay.port, 20_000_000)
      expect(await report()).toMatchObject({ verdict: 'flooded', endedBy: 'discard-limit' })
    })

    test('a client that sends its close_notify in the middle of it ends the wait', async () => {
      const { relay, report } = await controlled(httpsServer(version, refuse), {
        mode: 'bidirectional',
        waitTimeout: ample,
      })
      const client = await connected(relay.port, version)
      client.resume()
      client.write('POST /u HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nbegun')
      expect(await report()).toMatchObject({ verdict: 'clean', endedBy: 'done' })
      const wire = await relay.nextWire()
      expect(wire.closing('client')[0]).toBe(closeNotify)
    })
  })
})
