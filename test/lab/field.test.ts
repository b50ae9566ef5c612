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
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Observed, ProbedVersion } from '../../lib/lab/probe/result.js'
import { tlsVersions } from '../../lib/tls/versions.js'
import { differencesBetween, judgedQuestions } from '../field/compare.js'
import type { VersionSight } from '../field/judge/judge.js'
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

const expected = {} as const

describe.each(Object.entries(expected))('%s', (name, endings) => {
  test.skipIf(lacks('nginx') || lacks('openssl') || lacks('gnutls'))('closes as expected, and the wire agrees with the probe', async () => {
    const result = await measure(named(name), { wait: 500, signal })
    expect(result).toMatchObject({ outcome: 'measured', differences: [] })
    if (result.outcome !== 'measured') return
    expect(result.versions.map(({ version }) => version)).toEqual([...tlsVersions])
    for (const version of result.versions) {
      if (version.kind === 'failed') throw new Error(`${version.version} failed: ${version.failure.reason}`)
      expect(endingsOf(version), version.version).toEqual(endings)
    }
  })
})

function endingsOf({ answers }: ProbedVersion): Record<string, string> {
  return Object.fromEntries(
    judgedQuestions.map((question) => {
      const answer = answers[question]
      return [question, answer?.kind === 'observed' ? answer.ending : 'not observed']
    }),
  )
}

test('a server that cannot be started is told of, with what it said, and leaves no folder behind', async () => {
  const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('close-notify-field-broken'))
  const broken: FieldServer = {
    ...named('node'),
    name: 'broken',
    start: () => Promise.reject(new Error('no such program')),
  }
  expect(await measure(broken, { wait: 500, signal })).toEqual({
    ...{ outcome: 'failed', name: 'broken', title: broken.title, why: 'no such program' },
  })
  expect(folders()).toEqual([])
})

describe('where the probe and the wire disagree', () => {
  const answer: Observed = {
    ...{ kind: 'observed', ending: 'fin', userCanceled: false, tcp: 'closed', waited: 1, bytes: 0, stillSending: false },
    response: { bytes: 1000 },
  }
  const resumption = { afterResponse: 'resumed', afterCloseNotify: 'resumed', afterFin: 'resumed' } as const
  const probed: ProbedVersion = {
    ...{ kind: 'probed', version: 'TLSv1.3', certificate: { trusted: true }, handshake: 1, resumption },
    answers: {
      ...{ afterResponse: answer, onCloseNotify: answer, onCloseNotifyAfterRequest: answer, onFin: answer },
      onFinInRequest: answer,
    },
  }
  const sight = { ending: 'fin', tcp: 'closed', bytes: 1000, last: ['data 1000', 'fin'] } as const
  const sights = {
    ...{ afterResponse: sight, onCloseNotify: sight, onCloseNotifyAfterRequest: sight, onFin: sight },
    onFinInRequest: sight,
  }
  const seen: VersionSight = { kind: 'seen', sights, resumption }

  test('nothing is told where they say the same', () => {
    expect(differencesBetween(probed, seen)).toEqual([])
  })

  test('another ending is told, with the end of the record', () => {
    const onFin = { ...sight, ending: 'close_notify+fin', last: ['alert warning close_notify', 'fin'] } as const
    expect(differencesBetween(probed, { ...seen, sights: { ...sights, onFin } })).toEqual([
      'onFin: probe fin, TCP closed, all received, wire close_notify+fin, TCP closed, all received ' +
        '(alert warning close_notify, fin)',
    ])
  })

  test('less of a response is told', () => {
    const onCloseNotifyAfterRequest = { ...sight, bytes: 500 }
    expect(differencesBetween(probed, { ...seen, sights: { ...sights, onCloseNotifyAfterRequest } })).toEqual([
      'onCloseNotifyAfterRequest: probe fin, TCP closed, all received, wire fin, TCP closed, a part received ' +
        '(data 1000, fin)',
    ])
  })

  test('another resumption is told', () => {
    expect(differencesBetween(probed, { ...seen, resumption: { ...resumption, afterFin: 'full-handshake' } })).toEqual([
      'resumption afterFin: probe resumed, wire full-handshake',
    ])
  })

  test('a version that one of them alone could not have is told', () => {
    expect(differencesBetween(probed, { kind: 'failed', why: 'no' })).toEqual([
      'the probe had a connection, the judge failed: no',
    ])
  })
})

test.skipIf(lacks('nginx'))('Ctrl-C ends the round, the servers and their folders', async () => {
  const temporary = mkdtempSync(path.join(tmpdir(), 'field-test-'))
  onTestFinished(() => rmSync(temporary, { recursive: true, force: true }))
  const program = fileURLToPath(new URL('../../dist/test/field/main.js', import.meta.url))
  const round = spawn(process.execPath, [program, '--servers', 'nginx'], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void round.kill('SIGKILL'))
  round.stdout.resume()
  for await (const line of createInterface({ input: round.stderr })) if (line.includes('TLSv1.2')) break
  const [folder = ''] = readdirSync(temporary)
  const pid = Number(readFileSync(path.join(temporary, folder, 'nginx.pid'), 'utf8'))
  expect(isAlive(pid)).toBe(true)
  round.kill('SIGINT')
  const [code]: unknown[] = await once(round, 'close')
  expect(code).toBe(130)
  expect(isAlive(pid)).toBe(false)
  expect(readdirSync(temporary)).toEqual([])
})
