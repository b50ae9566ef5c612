/**
 * Clients of the field round (test/field), which all are measured by `npm run field`. What is expected of curl here was
 * found by hand, in the record of the wire and in curl's own messages.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { credentialsFor } from '../../lib/lab/credentials.js'
import type { Closing } from '../../lib/lab/peers/log.js'
import type { AssessedClient } from '../field/client.js'
import { ClientLooks, type Seen, seenIn } from '../field/client-looks.js'
import { heldAgainst } from '../field/client-page.js'
import type { FieldClientResult, KeptRun, MeasuredClient } from '../field/client-result.js'
import { measureClient } from '../field/client-round.js'
import { curl } from '../field/clients/tools.js'
import { meetClient } from '../field/judge/client-judge.js'
import { isFetched } from '../field/programs.js'
import { lacks } from '../support/peers/programs.js'
import { childrenOf, isAlive } from '../support/processes.js'
import { run } from './assess/runs.js'

const signal = new AbortController().signal
const isMissing = lacks('curl') || !isFetched('curl')

test.skipIf(isMissing)('curl closes as expected, and the wire agrees with the lab', async () => {
  const profiles = ['truncates', 'truncates-by-reset', 'schannel', 'bare-fin'] as const
  const result = await measureClient({ ...curl, timeout: 30_000 }, { profiles, repeats: 0, signal })
  expect(result).toMatchObject({
    ...{ outcome: 'measured', differences: [] },
    closings: { schannel: ['close_notify+fin'], 'bare-fin': ['close_notify+fin'], truncates: ['close_notify+fin'] },
  })
  if (result.outcome !== 'measured') return
  const accepted = result.runs.filter(({ verdicts }) => verdicts.includes('truncation accepted'))
  expect(accepted.map(({ profile, framing }) => `${profile} ${framing}`)).toEqual(
    Array.from({ length: 3 }, () => 'truncates close'),
  )
})

describe('the judge', () => {
  const judged = async (script: string, situation: 'mutual-wait' | 'truncates') => {
    const folder = mkdtempSync(path.join(tmpdir(), 'field-test-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const credentials = await credentialsFor('localhost')
    const command = [process.execPath, '-e', script, '{port}']
    const content = Buffer.alloc(1000, 'z')
    return await meetClient(situation, { command, content, timeout: 3000, credentials, folder, signal })
  }
  const client = (then: string): string => `
    const tls = require('node:tls')
    const socket = tls.connect({ port: Number(process.argv[1]), rejectUnauthorized: false })
    socket.write('GET / HTTP/1.1\\r\\n\\r\\n')
    socket.on('error', () => {})
    ${then}`

  test('sees close_notify, FIN and a program that waits', async () => {
    expect(await judged(client("socket.once('data', () => socket.end())"), 'mutual-wait')).toEqual({
      ...{ closings: ['close_notify+fin'], exit: 'success' },
    })
    expect(await judged(client("socket.once('data', () => process.exit(3))"), 'mutual-wait')).toEqual({
      ...{ closings: ['fin'], exit: 'failure' },
    })
    expect(await judged(client('setInterval(() => {}, 1000)'), 'mutual-wait')).toMatchObject({ exit: 'hung' })
  })

  test('ends a response that it cuts in the middle', async () => {
    const script = client(`
      let text = ''
      socket.on('data', (bytes) => { text += bytes })
      socket.on('end', () => process.exit(text.split('z').length - 1 === 500 ? 0 : 3))`)
    expect(await judged(script, 'truncates')).toMatchObject({ exit: 'success', closings: [expect.any(String)] })
  })
})

describe('where the lab and the wire disagree', () => {
  const seen = (closing: Closing, exit: Seen['exit'] = 'success'): Seen => ({ closings: [closing], exit })

  test('nothing is told where they say the same', () => {
    const looks = new ClientLooks()
    looks.add('schannel', seen('close_notify+fin'), seen('close_notify+fin'))
    expect(looks.differences).toEqual([])
  })

  test('another closing and another end of the program are told', () => {
    const looks = new ClientLooks()
    looks.add('schannel', seen('fin'), seen('close_notify+fin', 'failure'))
    expect(looks.differences).toEqual([
      'closes at schannel: lab fin, wire close_notify+fin',
      'exit at schannel: lab success, wire failure',
    ])
  })

  test('a client that does not do the same each time is no difference, and is told of', () => {
    const looks = new ClientLooks()
    looks.add('bare-fin', seen('close_notify+fin'), seen('fin'))
    expect(looks.differences).toHaveLength(1)
    looks.add('bare-fin', seen('fin'), seen('fin'))
    expect(looks.differences).toEqual([])
    expect(looks.closingsAt('bare-fin')).toEqual(['fin', 'close_notify+fin'])
  })

  test('RST in place of FIN is no difference: it depends on what lies unread', () => {
    const looks = new ClientLooks()
    looks.add('schannel', seen('reset'), seen('fin'))
    expect(looks.differences).toEqual([])
    expect(looks.closingsAt('schannel')).toEqual(['fin', 'reset'])
  })

  test('the end of a program that was killed is not its own', () => {
    const looks = new ClientLooks()
    const [connection] = run().connections
    if (connection === undefined) throw new Error('Expected a connection')
    const killed = run({
      verdict: 'hung',
      connections: [{ ...connection, other: { ...connection.other, closing: 'fin' } }],
    })
    expect(seenIn(killed)).toEqual({ closings: ['open'], exit: 'hung' })
    looks.add('mutual-wait', seenIn(killed), seen('fin', 'hung'))
    expect(looks.differences).toEqual([])
  })
})

describe('what is kept', () => {
  const known: KeptRun = {
    ...{ profile: 'truncates', framing: 'close', sent: { kind: 'cut', at: 1 }, exitCode: 0, ms: 1 },
    ...{ printed: { bytes: 1, body: 'cut' }, verdicts: ['truncation accepted'], closings: ['fin'] },
  }
  const client: MeasuredClient = {
    ...{ outcome: 'measured', name: 'curl', title: 'curl', version: '1', library: 'OpenSSL 3', date: '2026-11-30' },
    ...{ madeBy: { 'close-notify': '1', node: '1' }, timeout: 1, control: 1, runs: [known], closings: {} },
    differences: [],
  }
  const kept: FieldClientResult = { format: 1, kind: 'field-clients', clients: [client] }

  test('a verdict that was not there before is told', () => {
    expect(heldAgainst(kept, [client])).toEqual([])
    const other: MeasuredClient = { ...client, runs: [{ ...known, verdicts: ['truncation refused'] }] }
    expect(heldAgainst(kept, [other])).toEqual([
      {
        isChange: true,
        text: 'CHANGED curl: truncates, close, cut at 1: truncation accepted before, now truncation refused',
      },
    ])
  })

  test('another version is not held against it', () => {
    expect(heldAgainst(kept, [{ ...client, version: '2', runs: [] }])).toMatchObject([{ isChange: false }])
  })
})

test('a client that cannot be made ready, or fails in any case, is told of and leaves no folder behind', async () => {
  const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('close-notify-field-broken'))
  const broken: AssessedClient = {
    ...{ name: 'broken', title: 'Broken' },
    prepare: () => Promise.reject(new Error('no such program')),
  }
  expect(await measureClient(broken, { repeats: 0, signal })).toEqual({
    ...{ outcome: 'failed', name: 'broken', title: 'Broken', why: 'no such program' },
  })
  const failing: AssessedClient = {
    ...broken,
    prepare: () => Promise.resolve({ command: ['sh', '-c', 'exit {port}'], version: '', library: '' }),
  }
  expect(await measureClient(failing, { repeats: 0, signal })).toMatchObject({ outcome: 'failed' })
  expect(folders()).toEqual([])
})

test.skipIf(isMissing)('Ctrl-C ends the round, the client and its folder', async () => {
  const temporary = mkdtempSync(path.join(tmpdir(), 'field-test-'))
  onTestFinished(() => rmSync(temporary, { recursive: true, force: true }))
  const program = fileURLToPath(new URL('../../dist/test/field/main.js', import.meta.url))
  const round = spawn(process.execPath, [program, '--clients', 'node'], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: 'ignore',
  })
  onTestFinished(() => void round.kill('SIGKILL'))
  const child = await vi.waitFor(
    () => {
      const found = childrenOf(round.pid ?? 0)
      expect(found).toHaveLength(1)
      return found[0] ?? 0
    },
    { timeout: 20_000, interval: 5 },
  )
  round.kill('SIGINT')
  await once(round, 'close')
  expect(round.exitCode).toBe(130)
  await vi.waitFor(() => expect(isAlive(child)).toBe(false))
  expect(readdirSync(temporary)).toEqual([])
})
