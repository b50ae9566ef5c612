/** The probe of one server: every ending of its vocabulary, both versions, and what is wrong with a server. */
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createHttpsServer } from 'node:https'
import { createSecureServer } from 'node:http2'
import { afterEach, describe, expect, test } from 'vitest'
import { probe } from '../../../lib/lab/probe/probe.js'
import type { ProbeOptions } from '../../../lib/lab/probe/options.js'
import type { Answers, Observed, ProbedVersion, ProbeResult, Question } from '../../../lib/lab/probe/result.js'
import { tlsVersions, type TlsVersion } from '../../../lib/tls/versions.js'
import { certificate } from '../../support/certificate.js'
import { response, scriptedServer, type ScriptedConnection, type ScriptedServer } from './scripted-server.js'

const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function scripted(script: (connection: ScriptedConnection) => Promise<void> | void): Promise<ScriptedServer> {
  const server = await scriptedServer(script)
  closing.push(() => server.close())
  return server
}

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  closing.push(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  return address.port
}

function target(port: number): string {
  return `localhost:${port}`
}

function probed(result: ProbeResult, version: TlsVersion): ProbedVersion {
  const found = result.versions.find((each) => each.version === version)
  if (found?.kind !== 'probed') throw new Error(`Expected ${version} to be probed: ${JSON.stringify(found)}`)
  return found
}

function observed(answers: Answers, question: Question): Observed {
  const answer = answers[question]
  if (answer?.kind !== 'observed') throw new Error(`Expected an answer to ${question}: ${JSON.stringify(answer)}`)
  return answer
}

const quick = { wait: 300, timeout: 5000, ca: certificate.cert, family: 4 } as const

/** The answer to one question, by each version. */
async function answerTo(question: Question, port: number, options: ProbeOptions = {}): Promise<Observed> {
  const [version = 'TLSv1.3'] = options.versions ?? []
  const result = await probe(target(port), { ...quick, questions: [question], ...options })
  return observed(probed(result, version).answers, question)
}

describe.each(tlsVersions)('with %s', (version) => {
  const versions = [version]

  describe('the end behind a response', () => {
    const endings: readonly [string, (connection: ScriptedConnection) => void, Partial<Observed>][] = [
      [
        'close_notify+fin',
        ({ wire }) => {
          wire.closeNotify()
          wire.fin()
        },
        { ending: 'close_notify+fin', tcp: 'half-closed' },
      ],
      ['close_notify', ({ wire }) => void wire.closeNotify(), { ending: 'close_notify', tcp: 'open' }],
      ['fin', ({ wire }) => wire.fin(), { ending: 'fin', tcp: 'half-closed' }],
      [
        'fin of a socket that is closed',
        // What comes then is answered by the system.
        ({ wire }) => void wire.socket.end(() => wire.destroy()),
        { ending: 'fin', tcp: 'closed' },
      ],
      ['silent', () => {}, { ending: 'silent', tcp: 'open' }],
      [
        'user_canceled before close_notify',
        ({ wire, forger }) => {
          wire.raw(forger.forge({ type: 'alert', level: 'warning', name: 'user_canceled' }))
          wire.closeNotify()
        },
        { ending: 'close_notify', userCanceled: true },
      ],
      [
        'alert:internal_error',
        ({ wire, forger }) => void wire.raw(forger.forge({ type: 'alert', level: 'fatal', name: 'internal_error' })),
        { ending: 'alert:internal_error', tcp: 'open' },
      ],
      [
        'alert:internal_error, and FIN a while later',
        ({ wire, forger }) => {
          wire.raw(forger.forge({ type: 'alert', level: 'fatal', name: 'internal_error' }))
          setTimeout(() => wire.fin(), 100)
        },
        { ending: 'alert:internal_error', tcp: 'half-closed' },
      ],
    ]

    test.each(endings)('%s', async (_name, end, expected) => {
      const server = await scripted(async (connection) => {
        await connection.whatComes()
        connection.wire.write(response('hello'))
        end(connection)
      })
      const answer = await answerTo('afterResponse', server.port, { versions })
      expect(answer).toMatchObject({ userCanceled: false, ...expected })
      expect(answer.response).toMatchObject({ status: 200, delimitedBy: 'content-length', complete: true })
    })

    test('reset', async () => {
      const server = await scripted(async ({ wire, whatComes }) => {
        await whatComes()
        wire.write(response('hello'))
        // Behind the response has to be read: an RST throws away what was not.
        setTimeout(() => wire.reset(), 100)
      })
      expect(await answerTo('afterResponse', server.port, { versions })).toMatchObject({
        ending: 'reset',
        tcp: 'closed',
      })
    })

    test('reset, right behind data', async () => {
      const server = await scripted(async ({ wire, whatComes }) => {
        await whatComes()
        wire.write(response('hello'))
        // Both arrive together, which Node reports as 'end'.
        wire.reset()
      })
      expect(await answerTo('afterResponse', server.port, { versions })).toMatchObject({
        ending: 'reset',
        tcp: 'closed',
      })
    })

    test('is said to be all that tells the end of a response without length', async () => {
      const server = await scripted(async ({ wire, whatComes }) => {
        await whatComes()
        wire.write(Buffer.from('HTTP/1.1 200 OK\r\n\r\nhello'))
        wire.fin()
      })
      const { response: facts } = await answerTo('afterResponse', server.port, { versions })
      expect(facts).toMatchObject({ status: 200, delimitedBy: 'close' })
      expect(facts).not.toHaveProperty('complete')
    })
  })

  describe('the answer to close_notify', () => {
    test('comes, and TCP stays open', async () => {
      const server = await scripted(async ({ wire, closeNotify }) => {
        await closeNotify()
        wire.closeNotify()
      })
      const answer = await answerTo('onCloseNotify', server.port, { versions })
      expect(answer).toMatchObject({ ending: 'close_notify', tcp: 'open' })
      expect(answer.closeNotifyAt).toBeGreaterThanOrEqual(0)
    })

    test('does not come', async () => {
      const server = await scripted(() => {})
      const answer = await answerTo('onCloseNotify', server.port, { versions })
      expect(answer).toMatchObject({ ending: 'silent', tcp: 'open', bytes: 0 })
      expect(answer.waited).toBeGreaterThanOrEqual(quick.wait - 2)
    })

    test('is a bare FIN', async () => {
      const server = await scripted(async ({ wire, closeNotify }) => {
        await closeNotify()
        wire.fin()
      })
      expect(await answerTo('onCloseNotify', server.port, { versions })).toMatchObject({
        ending: 'fin',
        tcp: 'half-closed',
      })
    })

    test('is RST', async () => {
      const server = await scripted(async ({ wire, closeNotify }) => {
        await closeNotify()
        wire.reset()
      })
      expect(await answerTo('onCloseNotify', server.port, { versions })).toMatchObject({
        ending: 'reset',
        tcp: 'closed',
      })
    })

    test('may be followed by bytes that are no TLS', async () => {
      const server = await scripted(async ({ wire, closeNotify }) => {
        await closeNotify()
        wire.closeNotify()
        wire.raw(Buffer.from('220 plaintext again\r\n'))
      })
      expect(await answerTo('onCloseNotify', server.port, { versions })).toMatchObject({
        ending: 'close_notify',
        surplus: 21,
      })
    })
  })

  describe('a request and close_notify right behind it', () => {
    test('are answered in full by a server that half-closes', async () => {
      const server = await scripted(async ({ wire, whatComes, closeNotify }) => {
        await whatComes()
        await closeNotify()
        wire.write(response('x'.repeat(100_000)))
        wire.closeNotify()
        wire.fin()
      })
      const answer = await answerTo('onCloseNotifyAfterRequest', server.port, { versions })
      expect(answer).toMatchObject({ ending: 'close_notify+fin', stillSending: false })
      expect(answer.bytes).toBeGreaterThan(100_000)
      expect(answer.response).toMatchObject({ complete: true })
    })

    test('are answered by close_notify alone where the server drops what it was to send', async () => {
      const server = await scripted(async ({ wire, closeNotify }) => {
        await closeNotify()
        wire.closeNotify()
        wire.fin()
      })
      const answer = await answerTo('onCloseNotifyAfterRequest', server.port, { versions })
      expect(answer).toMatchObject({ ending: 'close_notify+fin', bytes: 0 })
      expect(answer).not.toHaveProperty('response')
    })

    test('are read up to a limit where the server sends for ever', async () => {
      const server = await scripted(async ({ wire, whatComes }) => {
        await whatComes()
        wire.write(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'))
        const send = (): void => {
          let hasRoom = true
          while (!wire.isOver && hasRoom) hasRoom = wire.write(Buffer.alloc(16_384))
          wire.socket.once('drain', send)
        }
        send()
      })
      const answer = await answerTo('onCloseNotifyAfterRequest', server.port, { versions, maxBytes: 1_000_000 })
      expect(answer).toMatchObject({ ending: 'silent', stillSending: true })
      expect(answer.bytes).toBeGreaterThan(1_000_000)
    })
  })

  test('our bare FIN, idle and in a request', async () => {
    const server = await scripted(async ({ wire }) => {
      await wire.until(() => wire.isOver, 20_000)
      if (wire.seen.bytes > 0) wire.closeNotify()
      wire.fin()
    })
    expect(await answerTo('onFin', server.port, { versions })).toMatchObject({ ending: 'fin', tcp: 'closed' })
    expect(await answerTo('onFinInRequest', server.port, { versions })).toMatchObject({
      ending: 'close_notify+fin',
      tcp: 'closed',
    })
  })

  test('a server that ends an idle connection', async () => {
    const server = await scripted(async ({ wire }) => {
      await wire.until(() => wire.isOver, 200)
      wire.closeNotify()
      wire.fin()
    })
    const answer = await answerTo('idle', server.port, { versions, idle: 2000, questions: ['idle'] })
    expect(answer).toMatchObject({ ending: 'close_notify+fin' })
    expect(answer.closeNotifyAt).toBeGreaterThan(150)
  })

  test('sessions, by how the connection before ended', async () => {
    const server = await scripted(async ({ wire, whatComes }) => {
      await whatComes()
      if (wire.seen.bytes > 0) wire.write(response('hello'))
      wire.closeNotify()
      wire.fin()
    })
    const result = await probe(target(server.port), { ...quick, versions })
    expect(probed(result, version).resumption).toEqual({
      afterResponse: 'resumed',
      afterCloseNotify: 'resumed',
      afterFin: 'resumed',
    })
    // One for each question, and one for the last session.
    expect(server.connections).toBe(6)
  })

  test('Node, by HTTP/1.1 and by HTTP/2, with a response that is large', async () => {
    const body = Buffer.alloc(300_000, 'x')
    const { key, cert } = certificate
    const https = await listening(createHttpsServer({ key, cert }, (_request, answer) => void answer.end(body)))
    const h2 = await listening(createSecureServer({ key, cert }, (_request, answer) => void answer.end(body)))
    const one = await answerTo('afterResponse', https, { versions })
    expect(one).toMatchObject({ ending: 'close_notify+fin' })
    expect(one.response).toMatchObject({ status: 200, complete: true })
    const two = await answerTo('afterResponse', h2, { versions, request: 'h2' })
    expect(two.response).toMatchObject({ delimitedBy: 'frames', complete: true })
    expect(two.response?.bytes).toBeGreaterThan(300_000)
    expect(two).toMatchObject({ ending: 'close_notify+fin' })
  })
})

describe('what is wrong with a server is a result', () => {
  test('no such host', async () => {
    const result = await probe('no-such-host.invalid', quick)
    expect(result.versions).toMatchObject([{ kind: 'failed', failure: { stage: 'connect', reason: 'host-not-found' } }])
  })

  test('nobody listens', async () => {
    const server = createServer()
    const port = await listening(server)
    await new Promise((resolve) => server.close(resolve))
    const result = await probe(target(port), quick)
    expect(result.versions).toMatchObject([{ failure: { stage: 'connect', reason: 'refused' } }])
  })

  test('it speaks no TLS', async () => {
    const port = await listening(createServer((socket) => void socket.end('220 hello\r\n')))
    const result = await probe(target(port), quick)
    expect(result.versions).toMatchObject([{ failure: { reason: 'not-tls' } }, { failure: { reason: 'not-tls' } }])
  })

  test('it says nothing, within the budget', async () => {
    const port = await listening(createServer(() => {}))
    const result = await probe(target(port), { ...quick, timeout: 300 })
    expect(result.versions).toMatchObject([
      { failure: { stage: 'handshake', reason: 'timeout' } },
      { failure: { stage: 'handshake', reason: 'timeout' } },
    ])
  })

  test('it ends TCP in the handshake, by FIN and by RST', async () => {
    const fin = await listening(createServer((socket) => void socket.once('data', () => socket.end())))
    const rst = await listening(createServer((socket) => void socket.once('data', () => socket.resetAndDestroy())))
    const one = { ...quick, versions: ['TLSv1.3'] } as const
    expect((await probe(target(fin), one)).versions).toMatchObject([{ failure: { reason: 'closed' } }])
    expect((await probe(target(rst), one)).versions).toMatchObject([{ failure: { reason: 'reset' } }])
  })

  test('it has no such version', async () => {
    const { key, cert } = certificate
    const port = await listening(
      createHttpsServer({ key, cert, maxVersion: 'TLSv1.2' }, (_request, answer) => void answer.end('x')),
    )
    const result = await probe(target(port), { ...quick, questions: ['afterResponse'] })
    expect(result.versions).toMatchObject([
      { version: 'TLSv1.2', kind: 'probed' },
      { version: 'TLSv1.3', kind: 'failed', failure: { reason: 'alert:protocol_version' } },
    ])
  })

  test('its certificate is not trusted, which keeps no answer back', async () => {
    const server = await scripted(async ({ wire, closeNotify }) => {
      await closeNotify()
      wire.closeNotify()
    })
    const { ca: _, ...untrusting } = quick
    const result = await probe(target(server.port), {
      ...untrusting,
      versions: ['TLSv1.3'],
      questions: ['onCloseNotify'],
    })
    const version = probed(result, 'TLSv1.3')
    expect(version.certificate).toMatchObject({ trusted: false })
    expect(observed(version.answers, 'onCloseNotify').ending).toBe('close_notify')
    const trusting = await probe(target(server.port), { ...quick, versions: ['TLSv1.3'], questions: ['onCloseNotify'] })
    expect(probed(trusting, 'TLSv1.3').certificate).toEqual({ trusted: true })
  })

  test('it sends a byte now and then', async () => {
    const port = await listening(
      createServer((socket) => {
        const timer = setInterval(() => socket.write(Buffer.from([0x16])), 50)
        socket.on('close', () => clearInterval(timer))
      }),
    )
    const result = await probe(target(port), { ...quick, timeout: 400, versions: ['TLSv1.3'] })
    expect(result.versions[0]?.kind).toBe('failed')
  })

  test('a request is not answered', async () => {
    const server = await scripted(() => {})
    const result = await probe(target(server.port), { ...quick, versions: ['TLSv1.3'], questions: ['afterResponse'] })
    expect(probed(result, 'TLSv1.3').answers.afterResponse).toMatchObject({
      kind: 'not-observed',
      failure: { stage: 'request', reason: 'timeout' },
    })
  })
})

describe('a probe', () => {
  test('ends with its signal, and leaves no connection behind', async () => {
    const server = await scripted(() => {})
    const abort = new AbortController()
    const running = probe(target(server.port), { ...quick, wait: 20_000, signal: abort.signal })
    setTimeout(() => abort.abort(new Error('enough')), 200)
    await expect(running).rejects.toThrow('enough')
  })

  test('keeps what it found when its time is over', async () => {
    const server = await scripted(() => {})
    const result = await probe(target(server.port), {
      ...quick,
      totalTimeout: 700,
      questions: ['onCloseNotify', 'onFin'],
    })
    const answers = probed(result, 'TLSv1.2').answers
    expect(answers.onCloseNotify).toMatchObject({ ending: 'silent' })
    expect(result.versions.length).toBeLessThanOrEqual(2)
  })

  test.each([
    [{ wait: 0 }, /1 to/],
    [{ request: 'h3' }, /http\/1\.1/],
    [{ path: 'index.html' }, /begins with \//],
    [{ userAgent: 'a\r\nHost: b' }, /printable ASCII/],
    [{ questions: ['onRst'] }, /afterResponse/],
    [{ cert: 'PEM' }, /belong together/],
    [{ ca: 1 }, /PEM/],
    [{ versions: [] }, /an array with an element/],
    [{ versions: ['TLSv1.1'] }, /TLSv1\.2/],
    [{ alpn: ['h2', 1] }, /a string/],
    [{ family: 5 }, /4 or 6/],
    [{ idle: 0 }, /1 to/],
    [{ starttls: 'gopher' }, /smtp/],
    [{ signal: 1 }, /an AbortSignal/],
    [{ proxy: 'ftp://localhost' }, /proxy/],
    [{ tls: 'TLSv1.3' }, /one of the keys/],
  ])('refuses %j', async (options, message) => {
    const wrong: object = options
    await expect(probe('localhost', wrong)).rejects.toThrow(message)
  })
})
