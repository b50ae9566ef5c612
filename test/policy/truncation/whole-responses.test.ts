// A message that is complete by its own framing passes, whatever the peer does afterwards and however late it is read.
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { connect } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { controlClosure } from '../../../lib/index.js'
import { type TlsVersion, tlsVersions } from '../../support/pair.js'
import { seededRandom } from '../../support/random.js'
import { collect, delay } from '../../support/streams.js'
import { codeOf } from './outcomes.js'
import { drop, type Ending, type Scripted, sendAndEnd, startScripted } from './scripted-server.js'

const body = (length: number) => Buffer.alloc(length, seededRandom(length).bytes(997))
const small = body(5000)
const large = body(5 << 20)

const head = (...fields: string[]) => Buffer.from(['HTTP/1.1 200 OK', ...fields, '', ''].join('\r\n'))

function chunked(bytes: Buffer): Buffer {
  const size = 16_000
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => {
    const chunk = bytes.subarray(i * size, (i + 1) * size)
    return Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')])
  })
  return Buffer.concat([head('Transfer-Encoding: chunked'), ...chunks, Buffer.from('0\r\n\r\n')])
}

interface Case {
  readonly what: string
  readonly response: Buffer
  readonly body: Buffer
  readonly ending: Ending
  readonly method?: 'HEAD'
}

const nothing = Buffer.alloc(0)

const framed: readonly Case[] = (['fin', 'rst'] as const).flatMap((ending) => [
  ...[small, large].flatMap((bytes) => [
    {
      what: `${bytes.length} bytes of a Content-Length`,
      response: Buffer.concat([head(`Content-Length: ${bytes.length}`), bytes]),
      body: bytes,
      ending,
    },
    {
      what: `${bytes.length} bytes of a Content-Length with Connection: close`,
      response: Buffer.concat([head(`Content-Length: ${bytes.length}`, 'Connection: close'), bytes]),
      body: bytes,
      ending,
    },
    { what: `${bytes.length} bytes in chunks`, response: chunked(bytes), body: bytes, ending },
  ]),
  { what: 'nothing of a Content-Length of 0', response: head('Content-Length: 0'), body: nothing, ending },
  { what: 'an answer to HEAD', response: head('Content-Length: 4711'), body: nothing, ending, method: 'HEAD' },
  {
    what: 'an answer to HEAD without a length',
    response: head('Connection: close'),
    body: nothing,
    ending,
    method: 'HEAD',
  },
  { what: '204', response: Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'), body: nothing, ending },
  {
    what: '304',
    response: Buffer.from('HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n'),
    body: nothing,
    ending,
  },
])

const delimited: readonly Case[] = [small, large].map((bytes) => ({
  what: `${bytes.length} bytes up to the close_notify`,
  response: Buffer.concat([head('Connection: close'), bytes]),
  body: bytes,
  ending: 'close_notify',
}))

// An RST takes with it what the kernel has not handed out yet: that a whole large body comes is a matter of luck.
const whole = [...framed, ...delimited].filter(({ ending, body: { length } }) => ending !== 'rst' || length < 1 << 20)

describe.each(tlsVersions)('%s', (version) => {
  describe.each([false, true])('an agent with keepAlive: %s', (keepAlive) => {
    test.each(whole)('$what, then $ending: whole', async (one) => {
      expect(await exchange({ version, keepAlive, wait: 0 }, one)).toEqual({ ...asWhole(one), requestError: undefined })
    })

    test('a reader that starts 100 ms late', async () => {
      const readable = whole.filter((one) => one.ending !== 'rst')
      const outcomes = await Promise.all(readable.map((one) => exchange({ version, keepAlive, wait: 100 }, one)))
      expect(outcomes).toEqual(readable.map((one) => ({ ...asWhole(one), requestError: undefined })))
    })
  })

  test('a close-delimited body of 5 MB that is cut: every byte, then the error, for a late reader too', async () => {
    const one = {
      what: '',
      response: Buffer.concat([head('Connection: close'), large]),
      body: large,
      ending: 'fin',
    } as const
    const outcomes = await Promise.all([0, 100].map((wait) => exchange({ version, keepAlive: false, wait }, one)))
    const expected = {
      ...asWhole(one),
      ended: false,
      complete: false,
      error: 'ERR_TLS_TRUNCATED',
      requestError: 'ERR_TLS_TRUNCATED',
    }
    expect(outcomes).toEqual([expected, expected])
  })

  test('101, then FIN: the upgrade is no error of the request, and what follows belongs to the socket', async () => {
    const { port } = await startScripted({
      version,
      onData: (socket) => {
        const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello'
        sendAndEnd(socket, switching, 'fin')
      },
    })
    const upgrading = request({
      ...target(port),
      agent: controlledAgent(false),
      headers: { connection: 'upgrade', upgrade: 'echo' },
    })
    const errors: unknown[] = []
    upgrading.on('error', (error) => errors.push(error))
    const upgraded = new Promise<{ readonly text: string; readonly error: unknown; readonly ended: boolean }>(
      (resolve) => {
        upgrading.once('upgrade', (_response, socket, first: Buffer) => {
          void collect(socket).then(({ bytes, ended, error }) => {
            resolve({ text: first.toString() + bytes.toString(), ended, error: codeOf(error) })
          })
        })
      },
    )
    upgrading.end()
    expect(await upgraded).toEqual({ text: 'hello', ended: false, error: 'ERR_TLS_TRUNCATED' })
    expect(errors).toEqual([])
  })

  test.each(['fin', 'rst'] as const)('an idle socket of the pool that the peer drops with %s', async (ending) => {
    const { port, accepted } = await startScripted({
      version,
      onData: ({ tls }) => void tls.write(Buffer.concat([head('Content-Length: 2'), Buffer.from('ok')])),
    })
    const agent = controlledAgent(true)
    for (let round = 1; round <= 3; round++) {
      expect(await get(port, agent, 0)).toEqual({ ...asWhole({ body: Buffer.from('ok') }), requestError: undefined })
      expect(accepted.length).toBe(round)
      const [idle] = Object.values(agent.freeSockets).flat()
      if (idle === undefined) throw new Error('Expected an idle socket in the pool')
      const closed = new Promise<void>((resolve) => idle.once('close', () => resolve()))
      const last = accepted.at(-1)
      if (last !== undefined) drop(last, ending)
      await closed
    }
  })

  test.each([0, 100])('5 MB on a bare socket, read after %i ms: every byte, then the end that was', async (wait) => {
    const read = async (ending: Ending) => {
      const { port } = await startScripted({ version, onData: (socket) => sendAndEnd(socket, large, ending) })
      const socket = connect({ ...target(port) })
      controlClosure(socket, { onTruncation: 'error' })
      socket.write('please')
      await delay(wait)
      const { bytes, ended, error } = await collect(socket)
      return { digest: digest(bytes), ended, error: error && codeOf(error) }
    }
    expect(await read('close_notify')).toEqual({ digest: digest(large), ended: true, error: undefined })
    expect(await read('fin')).toEqual({ digest: digest(large), ended: false, error: 'ERR_TLS_TRUNCATED' })
  })
})

test('a reader that starts 5 s late', async () => {
  const readable = whole.filter((one) => one.ending !== 'rst')
  const outcomes = await Promise.all(
    readable.map((one) => exchange({ version: 'TLSv1.3', keepAlive: false, wait: 5000 }, one)),
  )
  expect(outcomes).toEqual(readable.map((one) => ({ ...asWhole(one), requestError: undefined })))
})

function target(port: number) {
  return { host: '127.0.0.1', port, rejectUnauthorized: false } as const
}

function controlledAgent(keepAlive: boolean): Agent {
  const agent = new Agent({ keepAlive })
  controlClosure(agent, { onTruncation: 'error' })
  onTestFinished(() => agent.destroy())
  return agent
}

interface Exchange {
  readonly version: TlsVersion
  readonly keepAlive: boolean
  /** ms before the body is read. */
  readonly wait: number
}

async function exchange({ version, keepAlive, wait }: Exchange, { response, ending, method }: Case) {
  const { port } = await startScripted({ version, onData: (socket) => sendAndEnd(socket, response, ending) })
  return get(port, controlledAgent(keepAlive), wait, method)
}

interface Read {
  readonly digest: string
  readonly ended: boolean
  readonly complete: boolean
  readonly error: string | undefined
}

function get(
  port: Scripted['port'],
  agent: Agent,
  wait: number,
  method: 'GET' | 'HEAD' = 'GET',
): Promise<Read & { readonly requestError: string | undefined }> {
  return new Promise((resolve, reject) => {
    let requestError: string | undefined
    let hasResponse = false
    const getting = request({ ...target(port), agent, method }, (response) => {
      hasResponse = true
      void read(response, wait).then((outcome) => setImmediate(() => resolve({ ...outcome, requestError })), reject)
    })
    getting.on('error', (error) => {
      requestError = codeOf(error)
      if (!hasResponse) reject(error)
    })
    getting.end()
  })
}

async function read(response: IncomingMessage, wait: number): Promise<Read> {
  // Nobody reads, and an error finds nobody; that is what the late reader is about.
  if (wait > 0) await delay(wait)
  const { bytes, ended, error } = await collect(response)
  const code = error === undefined ? undefined : codeOf(error)
  return { digest: digest(bytes), ended, complete: response.complete, error: code }
}

function asWhole({ body: bytes }: Pick<Case, 'body'>): Read {
  return { digest: digest(bytes), ended: true, complete: true, error: undefined }
}

function digest(bytes: Buffer): string {
  return `${bytes.length} ${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`
}
