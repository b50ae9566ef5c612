/**
 * The probe against real servers: three of the field round (test/field), which all are measured by `npm run field`. What
 * is expected here was found by hand, in the record of the wire and in what the servers say of their alerts themselves
 * (`s_server -msg`, `gnutls-serv -d 5`), not with the probe.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Observed, ProbedVersion, VersionResult } from '../../lib/lab/probe/result.js'
import { tlsVersions } from '../../lib/tls/versions.js'
import { judgedQuestions } from '../field/compare.js'
import type { JudgedQuestion, VersionSight } from '../field/judge/judge.js'
import { Looks } from '../field/looks.js'
import { isFetched } from '../field/programs.js'
import { measure } from '../field/round.js'
import type { FieldServer } from '../field/server.js'
import { servers } from '../field/servers/index.js'
import { lacks } from '../support/peers/programs.js'
import { isAlive } from '../support/processes.js'

const signal = new AbortController().signal

function named(name: string): FieldServer {
  const server = servers.find((each) => each.name === name)
  if (server === undefined) throw new Error(`Expected a server ${name}`)
  return server
}

/** Those of the system are not taken: what they do is not known. */
const isMissing = (['nginx', 'openssl', 'gnutls'] as const).some((peer) => lacks(peer) || !isFetched(peer))

const both = 'close_notify+fin'

/** In both versions of TLS. */
const expected: Readonly<Record<string, Readonly<Record<JudgedQuestion, readonly string[]>>>> = {
  nginx: {
    afterResponse: [both],
    // It closes TCP when it has read the alert, and answers nothing.
    onCloseNotify: ['fin'],
    // RST where the alert comes while it writes the response: it closes a socket with unread bytes.
    onCloseNotifyAfterRequest: ['fin', 'reset'],
    onFin: ['fin'],
    onFinInRequest: ['fin'],
  },
  s_server: {
    // It waits for the client to close.
    afterResponse: ['close_notify'],
    onCloseNotify: [both],
    onCloseNotifyAfterRequest: [both],
    // OpenSSL 3 takes FIN for a fault, and says so.
    onFin: ['alert:decode_error'],
    // The line GET was in the half that came: it serves the file.
    onFinInRequest: [both],
  },
  'gnutls-serv': {
    afterResponse: [both],
    onCloseNotify: [both],
    onCloseNotifyAfterRequest: [both],
    onFin: ['alert:unexpected_message'],
    onFinInRequest: ['alert:unexpected_message'],
  },
}

describe.each(Object.entries(expected))('%s', (name, endings) => {
  test.skipIf(isMissing)('closes as expected, and the wire agrees with the probe', async () => {
    const result = await measure(named(name), { wait: 500, repeats: 0, signal })
    expect(result).toMatchObject({ outcome: 'measured', differences: [] })
    if (result.outcome !== 'measured') return
    expect(result.versions.map(({ probed }) => probed.version)).toEqual([...tlsVersions])
    for (const { probed } of result.versions) {
      if (probed.kind === 'failed') throw new Error(`${probed.version} failed: ${probed.failure.reason}`)
      for (const question of judgedQuestions) {
        expect(endings[question], `${probed.version} ${question}`).toContain(endingOf(question, probed))
      }
    }
  })
})

function endingOf(question: JudgedQuestion, { answers }: ProbedVersion): string {
  const answer = answers[question]
  return answer?.kind === 'observed' ? answer.ending : 'not observed'
}

test('a server that cannot be started is told of, with what it said, and leaves no folder behind', async () => {
  const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('close-notify-field-broken'))
  const broken: FieldServer = {
    ...named('node'),
    name: 'broken',
    start: () => Promise.reject(new Error('no such program')),
  }
  expect(await measure(broken, { wait: 500, repeats: 0, signal })).toEqual({
    ...{ outcome: 'failed', name: 'broken', title: broken.title, why: 'no such program' },
  })
  expect(folders()).toEqual([])
})

describe('where the probe and the wire disagree', () => {
  const answer: Observed = {
    ...{
      kind: 'observed',
      ending: 'fin',
      userCanceled: false,
      tcp: 'closed',
      waited: 1,
      bytes: 0,
      stillSending: false,
    },
    response: { bytes: 1000 },
  }
  const resumption = { afterResponse: 'resumed', afterCloseNotify: 'resumed', afterFin: 'resumed' } as const
  const probed: ProbedVersion = {
    ...{ kind: 'probed', version: 'TLSv1.3', certificate: { trusted: true }, handshake: 1, resumption },
    answers: {
      ...{ afterResponse: answer, onCloseNotify: answer, onCloseNotifyAfterRequest: answer, onFin: answer },
      onFinInRequest: answer,
    },
    advice: { mode: 'unidirectional', findings: [] },
  }
  const sight = { ending: 'fin', tcp: 'closed', bytes: 1000, last: ['data 1000', 'fin'] } as const
  const sights = {
    ...{ afterResponse: sight, onCloseNotify: sight, onCloseNotifyAfterRequest: sight, onFin: sight },
    onFinInRequest: sight,
  }
  const seen = { kind: 'seen', sights, resumption } as const
  const differences = (wire: VersionSight, said: VersionResult = probed): readonly string[] => {
    const looks = new Looks()
    looks.add(said, wire)
    return looks.differences
  }

  test('nothing is told where they say the same', () => {
    expect(differences(seen)).toEqual([])
  })

  test('another ending is told, with the end of the record', () => {
    const onFin = { ...sight, ending: 'close_notify+fin', last: ['alert warning close_notify', 'fin'] } as const
    expect(differences({ ...seen, sights: { ...sights, onFin } })).toEqual([
      'onFin: probe fin, wire close_notify+fin (alert warning close_notify, fin)',
    ])
  })

  test('less of a response is told', () => {
    const onCloseNotifyAfterRequest = { ...sight, bytes: 500 }
    expect(differences({ ...seen, sights: { ...sights, onCloseNotifyAfterRequest } })).toEqual([
      'onCloseNotifyAfterRequest: probe all, fin, wire a part, fin (data 1000, fin)',
    ])
  })

  test('another state of TCP is told', () => {
    const onCloseNotify = { ...sight, tcp: 'half-closed' } as const
    expect(differences({ ...seen, sights: { ...sights, onCloseNotify } })).toEqual([
      'TCP onCloseNotify: probe closed, wire half-closed (data 1000, fin)',
    ])
  })

  test('another resumption is told', () => {
    expect(differences({ ...seen, resumption: { ...resumption, afterFin: 'full-handshake' } })).toEqual([
      'resumption afterFin: probe resumed, wire full-handshake ()',
    ])
  })

  test('an error page is told', () => {
    const afterResponse = { ...answer, response: { bytes: 1000, status: 404 } }
    expect(differences(seen, { ...probed, answers: { ...probed.answers, afterResponse } })).toEqual([
      'status: probe 404, wire 200 ()',
    ])
  })

  test('a version that one of them alone could not have is told', () => {
    expect(differences({ kind: 'failed', why: 'no' })).toEqual(['handshake: probe done, wire failed (no)'])
  })

  test('a server that does not do the same each time is no difference, and is told of', () => {
    const other = { ...seen, sights: { ...sights, onFin: { ...sight, ending: 'reset' } as const } }
    const looks = new Looks()
    looks.add(probed, other)
    expect(looks.differences).toHaveLength(1)
    looks.add(probed, seen)
    expect(looks.differences).toEqual([])
    expect(looks.variations).toEqual({ onFin: ['fin', 'reset'] })
  })
})

test.skipIf(isMissing)('Ctrl-C ends the round, the servers and their folders', async () => {
  const temporary = mkdtempSync(path.join(tmpdir(), 'field-test-'))
  onTestFinished(() => rmSync(temporary, { recursive: true, force: true }))
  const program = fileURLToPath(new URL('../../dist/test/field/main.js', import.meta.url))
  const round = spawn(process.execPath, [program, '--servers', 'nginx'], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: 'ignore',
  })
  onTestFinished(() => void round.kill('SIGKILL'))
  const pid = await vi.waitFor(() => {
    const [folder = ''] = readdirSync(temporary)
    return Number(readFileSync(path.join(temporary, folder, 'nginx.pid'), 'utf8'))
  })
  expect(isAlive(pid)).toBe(true)
  round.kill('SIGINT')
  await once(round, 'close')
  expect(round.exitCode).toBe(130)
  expect(isAlive(pid)).toBe(false)
  expect(readdirSync(temporary)).toEqual([])
})
