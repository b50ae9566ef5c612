import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Cell } from '../../../benchmarks/study/cell.js'
import { command } from '../../../benchmarks/study/needs.js'
import type { Sweep } from '../../../benchmarks/study/truncation/cells.js'
import { answerOf, programAnswer, startClient, versionIn } from '../../../benchmarks/study/truncation/client.js'
import { truncation } from '../../../benchmarks/study/truncation/index.js'
import { positionsOf } from '../../../benchmarks/study/truncation/positions.js'
import { layoutOf, RecordSplitter, type Layout } from '../../../benchmarks/study/truncation/records.js'
import {
  bodyLength,
  framings,
  requestedFraming,
  responseOf,
  type Framing,
} from '../../../benchmarks/study/truncation/responses.js'
import {
  cellOf,
  checksOf,
  layoutCheck,
  resultOf,
  type Run,
  versionCheck,
} from '../../../benchmarks/study/truncation/tally.js'
import { readResult } from '../../../benchmarks/study/result.js'
import { listeningPort } from '../../../benchmarks/support/relay.js'
import { seededRandom } from '../../../benchmarks/support/random.js'

const program = fileURLToPath(new URL('../../../dist/benchmarks/study/main.js', import.meta.url))
/** A hang guard, far from anything that is measured. */
const guard = 120_000

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'study-truncation-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('a short run', () => {
  test(
    'sweeps, passes its checks, and tells who accepts what',
    async () => {
      const { code, stdout } = await study('out', ['--cells', 'client=https.get,protocol=TLSv1.3', '--time', '0.067'])
      expect([code, stdout]).toEqual([0, expect.stringContaining('is whole to https.get')])
      const { cells, checks } = readResult(path.join(folder, 'out/study.json'))
      expect(cells).toHaveLength(3 * 2 * 2)
      for (const { parameters, measures } of cells) {
        const accepted = measures['cut-accepted']
        if (accepted?.kind !== 'share') throw new Error('Expected a share')
        const isOpen = parameters['framing'] === 'close-delimited' && parameters['policy'] === 'none'
        expect([parameters, accepted.hits > 0]).toEqual([parameters, isOpen])
        expect(measures['crash']).toMatchObject({ hits: 0, of: accepted.of })
      }
      expect(checks).toHaveLength(10)
      expect(checks.filter(({ passed }) => !passed)).toEqual([])
    },
    guard,
  )

  test(
    'of streams of ours has no cut accepted, without a policy',
    async () => {
      const words = ['--cells', 'client=https over TlsStream,protocol=TLSv1.3', '--time', '0.055', '--seed', '5']
      const { code, stdout } = await study('streams', words)
      expect([code, stdout]).toEqual([0, expect.stringContaining('which a TlsStream has by default')])
      const { cells, checks } = readResult(path.join(folder, 'streams/study.json'))
      expect(cells).toHaveLength(3 * 2)
      for (const { parameters, measures } of cells) {
        expect(parameters['policy']).toBe('onTruncation: error')
        expect([measures['cut-accepted'], measures['hang'], measures['crash']]).toMatchObject([
          { hits: 0 },
          { hits: 0 },
          { hits: 0 },
        ])
      }
      expect(checks).toHaveLength(10)
      expect(checks.filter(({ passed }) => !passed)).toEqual([])
    },
    guard,
  )

  test(
    'that is interrupted leaves no process and no file',
    async () => {
      const running = start('interrupted', ['--cells', 'client=https.get,protocol=TLSv1.2'])
      // The server, the attacker, two clients of each policy, and the program.
      const count = async (): Promise<number> =>
        (await processesWith('environ', path.join(folder, 'interrupted'))).length
      await expect.poll(count, { timeout: guard }).toBeGreaterThanOrEqual(7)
      running.child.kill('SIGINT')
      expect((await running.ended).code).toBe(130)
      expect(await readdir(path.join(folder, 'interrupted'))).toEqual(['out'])
      await expect.poll(() => processesWith('environ', path.join(folder, 'interrupted'))).toEqual([])
    },
    guard,
  )
})

describe('a client', () => {
  test('hangs when nothing ends, and when its process is ended that is a crash, after which it goes on', async (context) => {
    if ((await command('python3').missing()) !== undefined) context.skip('python3 is not installed')
    const silent = net.createServer((socket) => socket.on('error', () => {}))
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const caFile = path.join(folder, 'authority.pem')
    await writeFile(caFile, await readFile(new URL('../../../.cache/certificates/localhost.cert.pem', import.meta.url)))
    const client = await startClient({ name: 'http.client', policy: 'none', caFile, budget: 500 })
    onTestFinished(async () => {
      await client.stop()
      silent.close()
    })
    expect(client.version).toMatch(/^Python 3\.\d+/)
    const port = listeningPort(silent)
    expect(await client.get(port, 'chunked')).toEqual({ kind: 'hang' })
    const killed = client.get(port, 'chunked')
    for (const pid of await processesWith('cmdline', caFile)) process.kill(pid, 'SIGSEGV')
    expect(await killed).toEqual({ kind: 'crash', how: 'The http.client process ended early, by SIGSEGV' })
    expect(await client.get(port, 'chunked')).toEqual({ kind: 'hang' })
  })

  test('that is started for each request is judged by how it ends', () => {
    const ended = { code: 0, signal: undefined, timedOut: false, stdout: Buffer.from('abc') }
    expect(programAnswer(ended)).toEqual({ kind: 'accepted', bytes: 3 })
    expect(programAnswer({ ...ended, code: 18 })).toEqual({ kind: 'failed', code: 'exit-18' })
    expect(programAnswer({ ...ended, code: undefined, signal: 'SIGSEGV' })).toEqual({ kind: 'crash', how: 'SIGSEGV' })
    expect(programAnswer({ ...ended, code: undefined, signal: 'SIGKILL', timedOut: true })).toEqual({ kind: 'hang' })
  })

  test('answers in words that are understood, or not at all', () => {
    expect(answerOf('accepted 270')).toEqual({ kind: 'accepted', bytes: 270 })
    expect(answerOf('accepted 0')).toEqual({ kind: 'accepted', bytes: 0 })
    expect(answerOf('failed ECONNRESET')).toEqual({ kind: 'failed', code: 'ECONNRESET' })
    expect(() => answerOf('accepted')).toThrow('received "accepted"')
    expect(() => answerOf('')).toThrow('received ""')
  })

  test('names its library of TLS', () => {
    expect(versionIn('GNU Wget 1.21\n\n-gpgme +ssl/gnutls\n')).toBe('GNU Wget 1.21 +ssl/gnutls')
    expect(versionCheck('wget', 'GNU Wget 1.21', 'a block').passed).toBe(true)
    expect(versionCheck('wget', '', 'a block')).toMatchObject({ passed: false, found: 'nothing' })
  })
})

describe('records', () => {
  test('are split however they come', () => {
    const bytes = Buffer.from([22, 3, 3, 0, 2, 1, 2, 23, 3, 3, 0, 1, 9])
    const splitter = new RecordSplitter()
    const found = [...bytes].flatMap((byte) => splitter.push(Buffer.from([byte])))
    expect(found.map((record) => [...record])).toEqual([
      [22, 3, 3, 0, 2, 1, 2],
      [23, 3, 3, 0, 1, 9],
    ])
    expect(new RecordSplitter().push(bytes)).toEqual(found)
  })

  test('before the response are counted by their type, and a response begins with a record', () => {
    const records = [
      { type: 22, length: 100 },
      { type: 23, length: 50 },
      { type: 23, length: 60 },
      { type: 23, length: 70 },
      { type: 21, length: 31 },
    ]
    expect(layoutOf(records, 150)).toEqual({ skipped: 1, response: [60, 70, 31] })
    expect(layoutOf(records, 149)).toBeUndefined()
    expect(layoutOf(records, 1000)).toBeUndefined()
  })

  test('are cut at each byte, or first where they end', () => {
    const random = seededRandom(1)
    const all = { skipped: 0, response: [10, 20] }
    expect(positionsOf(all, 'FIN', 100, random)).toEqual(Array.from({ length: 30 }, (_value, index) => index))
    expect(positionsOf(all, 'RST', 100, random)).toHaveLength(31)
    const some = positionsOf(all, 'FIN', 8, random)
    expect(new Set(some).size).toBe(8)
    expect(some).toEqual(expect.arrayContaining([0, 1, 9, 10, 11, 29]))
  })
})

describe('a response', () => {
  test.each(framings)('of %s is asked for by a request that is whole', (framing) => {
    expect(responseOf(framing).pieces.length).toBeGreaterThan(3)
    if (framing === 'http2') return
    const request = Buffer.from(`GET /${framing} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    expect(requestedFraming(request, false)).toBe(framing)
    expect(requestedFraming(request.subarray(0, -1), false)).toBeUndefined()
    expect(requestedFraming(Buffer.from('GET /other HTTP/1.1\r\n\r\n'), false)).toBeUndefined()
  })

  test('of http2 waits for HEADERS', () => {
    const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])
    const headers = Buffer.from([0, 0, 1, 1, 5, 0, 0, 0, 1, 0x82])
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    expect(requestedFraming(Buffer.concat([preface, settings]), true)).toBeUndefined()
    expect(requestedFraming(Buffer.concat([preface, settings, headers.subarray(0, -1)]), true)).toBeUndefined()
    expect(requestedFraming(Buffer.concat([preface, settings, headers]), true)).toBe('http2')
  })
})

describe('runs', () => {
  const sweep: Sweep = {
    client: 'https.get',
    framing: 'chunked',
    protocol: 'TLSv1.3',
    ending: 'FIN',
    policy: 'onTruncation: error',
  }
  const layout = layoutFor('chunked')
  const layouts = new Map([['chunked', layout] as const])
  const total = layout.response.reduce((sum, length) => sum + length, 0)
  const whole = { kind: 'accepted', bytes: bodyLength } as const
  const failed = { kind: 'failed', code: 'ERR_TLS_TRUNCATED' } as const

  const cut = (position: number, changed: Partial<Run> = {}): Run => ({
    sweep,
    position,
    isControl: false,
    answer: failed,
    attack: { connections: 1, passedBefore: 700, passed: position, total },
    server: { before: 700, response: total },
    ...changed,
  })
  const control = cut(total, { isControl: true, answer: whole })
  const framed = cut(total - 1, { answer: whole })
  const good = [control, framed, cut(0), cut(200)]
  const failedChecks = (runs: readonly Run[]): string[] =>
    checksOf(runs, layouts, 'a block').flatMap(({ name, passed }) => (passed ? [] : [name]))

  test('are told apart', () => {
    expect(resultOf(whole)).toBe('whole')
    expect(resultOf({ kind: 'accepted', bytes: bodyLength - 1 })).toBe('cut-accepted')
    expect(resultOf(failed)).toBe('error')
    expect(resultOf({ kind: 'hang' })).toBe('hang')
    expect(resultOf({ kind: 'crash', how: 'SIGSEGV' })).toBe('crash')
    expect(() => resultOf({ kind: 'accepted', bytes: bodyLength + 1 })).toThrow('was read as 271')
  })

  test('make shares of the cuts, and of those inside the body', () => {
    const accepted = { kind: 'accepted', bytes: 3 } as const
    const { parameters, measures } = cellOf(sweep, [...good, cut(150, { answer: accepted })], layout)
    expect(parameters).toEqual(sweep)
    expect(measures).toMatchObject({
      'cut-accepted': { hits: 1, of: 4 },
      whole: { hits: 1, of: 4 },
      error: { hits: 2, of: 4 },
      hang: { hits: 0, of: 4 },
      crash: { hits: 0, of: 4 },
      'body cut-accepted': { hits: 1, of: 2 },
    })
    expect(cellOf(sweep, [], layout).measures).toEqual({})
  })

  test('of good instruments pass each check', () => {
    expect(failedChecks(good)).toEqual([])
    expect(checksOf(good, layouts, 'a block')).toHaveLength(7)
    const unpoliced = good.map((run): Run => ({ ...run, sweep: { ...sweep, policy: 'none' } }))
    expect(checksOf(unpoliced, layouts, 'a block')).toHaveLength(5)
  })

  const attack = good[3]?.attack ?? control.attack
  test.each([
    ['a control fails', 'a response that is not cut is whole', { ...control, answer: failed }],
    [
      'a control is short',
      'a response that is not cut is whole',
      { ...control, answer: { kind: 'accepted', bytes: bodyLength - 1 } },
    ],
    ['a byte more passed', 'the attacker cut where it was told to', cut(200, { attack: { ...attack, passed: 201 } })],
    [
      'a ticket was taken for the response',
      'the attacker knew where the response began',
      cut(200, { attack: { ...attack, passedBefore: 621, total: total + 79 } }),
    ],
    [
      'the server counts nothing',
      'the attacker knew where the response began',
      cut(200, { server: { before: Number.NaN, response: Number.NaN } }),
    ],
    ['the client came twice', 'a request is one connection', cut(200, { attack: { ...attack, connections: 2 } })],
    [
      'a cut is accepted under the policy',
      'with onTruncation: error no cut is accepted',
      cut(200, { answer: { kind: 'accepted', bytes: 90 } }),
    ],
    [
      'a whole response fails under the policy',
      'with onTruncation: error what is whole by its framing does not fail',
      { ...framed, answer: failed },
    ],
  ] satisfies readonly (readonly [string, string, Run])[])('fail a check when %s', (_what, name, run) => {
    expect(failedChecks([...good, run])).toEqual([name])
  })

  test('fail a check when there is nothing to look at', () => {
    expect(failedChecks([cut(200)])).toContain('a response that is not cut is whole')
  })

  test('fail a check when the records are not those of the response', () => {
    expect(layoutCheck('chunked', layout, 'a block').passed).toBe(true)
    expect(layoutCheck('chunked', { skipped: 4, response: [79, 79, ...layout.response] }, 'a block').passed).toBe(false)
    const [head = 0, ...others] = layout.response
    expect(layoutCheck('chunked', { skipped: 6, response: [head + 1, ...others] }, 'a block').passed).toBe(false)
  })

  function layoutFor(framing: Framing): Layout {
    const lengths = [...responseOf(framing).pieces.map(({ length }) => length), 2]
    return { skipped: 6, response: lengths.map((length) => length + 22) }
  }
})

describe('the presentation', () => {
  const shown = truncation.presentation
  const cell = (parameters: Sweep, hits: number): Cell => {
    const share = { kind: 'share', better: 'lower', hits, of: 10, interval: { low: 0, high: 1 } } as const
    return { question: 'truncation', parameters, measures: { 'cut-accepted': share, 'body cut-accepted': share } }
  }
  const of = (client: Sweep['client'], framing: Framing, hits: number, policy: Sweep['policy'] = 'none'): Cell =>
    cell({ client, framing, protocol: 'TLSv1.3', ending: 'FIN', policy }, hits)

  test('bears it that cells are missing', () => {
    expect(shown.answer([])).toBe('No cut was tried.')
    expect(shown.charts([])).toEqual([])
    expect(shown.table([]).rows).toEqual([])
    expect(shown.answer([of('wget', 'close-delimited', 0)])).toBe('It is never whole to wget.')
  })

  test('answers with figures', () => {
    const cells = [
      of('fetch', 'close-delimited', 10),
      of('http2', 'http2', 9),
      of('wget', 'close-delimited', 0),
      of('fetch', 'chunked', 1),
      of('fetch', 'close-delimited', 0, 'onTruncation: error'),
    ]
    expect(shown.answer(cells)).toBe(
      "A body without a length that a FIN has cut is whole to fetch (100 %) and Node's http2 (90 %, before its " +
        'END_STREAM). It is never whole to wget. With Content-Length or chunks 1 of 10 cuts inside the body were ' +
        "accepted. With onTruncation: 'error' Node's clients accepted 0 of 10 cut responses.",
    )
    const streams = [...cells, of('https over TlsStream', 'close-delimited', 0, 'onTruncation: error')]
    expect(shown.answer(streams)).toMatch(
      /With onTruncation: 'error', which a TlsStream has by default, Node's clients accepted 0 of 20 cut responses\.$/,
    )
    expect(shown.table(streams).rows).toHaveLength(6)
    const [chart] = shown.charts(cells)
    expect(chart?.series[0]?.points).toMatchObject([{ x: 'fetch', y: 100 }, { x: "Node's http2", y: 90 }, { y: 0 }])
    expect(shown.table(cells).rows).toHaveLength(5)
  })

  test('has a table that a person can read', async () => {
    const blocks = await truncation.blocks()
    const parameters = blocks.flatMap(({ cells }) => cells)
    const all = parameters.map((one): Cell => ({ ...of('fetch', 'chunked', 1), parameters: one }))
    expect(shown.table(all).rows.length).toBeLessThan(60)
    for (const row of shown.table(all).rows) expect(row).toHaveLength(shown.table(all).head.length)
    expect(blocks.reduce((sum, { seconds }) => sum + seconds, 0)).toBeLessThanOrEqual(360)
  })
})

interface Ended {
  readonly code: number | null
  readonly stdout: string
}

function study(name: string, args: readonly string[]): Promise<Ended> {
  return start(name, args).ended
}

/** Runs the program in the folder of that name, with its temporary files in another one below. */
function start(name: string, args: readonly string[]) {
  const out = name === 'interrupted' ? path.join(folder, name, 'out') : path.join(folder, name)
  const env = name === 'interrupted' ? { ...process.env, TMPDIR: path.join(folder, name) } : process.env
  const child = spawn(process.execPath, [program, '--questions', 'truncation', '--out', out, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  const ended = once(child, 'close').then((): Ended => ({ code: child.exitCode, stdout: stdout + stderr }))
  return { child, ended }
}

/** Processes other than this one that have a text in that file of /proc. */
async function processesWith(file: 'cmdline' | 'environ', text: string): Promise<readonly number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    const pid = Number(name)
    if (!(pid > 0) || pid === process.pid) continue
    const content = await readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => '')
    if (content.includes(text)) found.push(pid)
  }
  return found
}
