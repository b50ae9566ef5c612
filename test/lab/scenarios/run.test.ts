// That the runner tells what happened, and that whatever is not as expected is found.
import { describe, expect, test } from 'vitest'
import { describeObservation } from '../../../lib/lab/scenarios/describe.js'
import { scenarios } from '../../../lib/lab/scenarios/suites/index.js'
import { complaintsAbout, expectationsOf } from '../../../lib/lab/scenarios/expectations.js'
import { runScenario } from '../../../lib/lab/scenarios/run.js'
import type { Expectation, ForgedRecord, Scenario, ScenarioOutcome, Step } from '../../../lib/lab/scenarios/types.js'
import { loadOpenSSL } from '../../../lib/openssl/index.js'
import { certificate } from '../../support/certificate.js'

const openssl = loadOpenSSL()

function scenarioOf(steps: readonly Step[], rest: Partial<Scenario> = {}): Scenario {
  return { name: 'lab-of-a-test', title: 'Only here', versions: ['TLSv1.3'], steps, ...rest }
}

function complaints(steps: readonly Step[], rest: Partial<Scenario> = {}): readonly string[] {
  const scenario = scenarioOf(steps, rest)
  return complaintsAbout(scenario, runScenario(openssl, scenario, 'TLSv1.3', certificate), openssl)
}

describe('a wrong expectation', () => {
  const cases: readonly { readonly of: string; readonly steps: readonly Step[]; readonly complaint: RegExp }[] = [
    {
      of: 'a value',
      steps: [{ do: 'handshake' }, { do: 'SSL_shutdown', by: 'client', expect: { value: 1 } }],
      complaint: /^client SSL_shutdown: value 1 expected, but: 0, sent warning close_notify \[SENT\]$/,
    },
    {
      of: 'an error',
      steps: [{ do: 'handshake' }, { do: 'SSL_read', by: 'client', expect: { error: 'SSL_ERROR_ZERO_RETURN' } }],
      complaint: /error "SSL_ERROR_ZERO_RETURN" expected, but: -1 SSL_ERROR_WANT_READ/,
    },
    {
      of: 'a reason',
      steps: [{ do: 'SSL_shutdown', by: 'server', expect: { reason: 'uninitialized' } }],
      complaint: /reason "uninitialized" expected, but: -1 SSL_ERROR_SSL "shutdown while in init"/,
    },
    {
      of: 'flags',
      steps: [{ do: 'handshake' }, { do: 'SSL_shutdown', by: 'client', expect: { flags: 'RECEIVED' } }],
      complaint: /flags "RECEIVED" expected/,
    },
    {
      of: 'data',
      steps: [
        { do: 'handshake' },
        { do: 'SSL_write', by: 'client', data: 'this' },
        { do: 'transfer', from: 'client' },
        { do: 'SSL_read', by: 'server', expect: { data: 'that' } },
      ],
      complaint: /^server SSL_read: data "that" expected, but: 4 read 'this'/,
    },
    {
      of: 'alerts',
      steps: [{ do: 'handshake' }, { do: 'SSL_shutdown', by: 'client', expect: { alerts: [] } }],
      complaint: /alerts \[\] expected/,
    },
    {
      of: 'the wire',
      steps: [
        { do: 'handshake' },
        { do: 'SSL_write', by: 'server', data: 'five!' },
        { do: 'transfer', from: 'server', expect: { wire: ['data 4'] } },
      ],
      complaint: /^server transfer: wire \["data 4"\] expected, but: data 5$/,
    },
    {
      of: 'new sessions',
      steps: [{ do: 'handshake' }, { do: 'SSL_read', by: 'client', expect: { newSessions: 2 } }],
      complaint: /newSessions 2 expected/,
    },
    {
      of: 'a refusal',
      steps: [{ do: 'SSL_shutdown', by: 'client', expect: { refused: 'ERR_OPENSSL_STATE' } }],
      complaint: /refused "ERR_OPENSSL_STATE" expected/,
    },
    {
      of: 'a handshake that fails',
      steps: [
        { do: 'forge', from: 'client', record: { type: 'plaintext', text: 'this is not TLS' } },
        { do: 'handshake' },
      ],
      complaint: /^handshake: value 1 expected, but: -1 SSL_ERROR_SSL/,
    },
  ]
  test.each(cases)('of $of is found', ({ steps, complaint }) => {
    expect(complaints(steps)).toEqual([expect.stringMatching(complaint)])
  })

  test('is found wherever it stands: every expectation of every scenario, made wrong, is complained of', () => {
    const missed: string[] = []
    for (const scenario of scenarios) {
      for (const tls of scenario.versions) {
        const outcome = runScenario(openssl, scenario, tls, certificate)
        if (outcome.kind !== 'ran') continue
        expectationsOf(scenario, openssl, tls).forEach((expectation, index) => {
          for (const wrong of wrongOnes(expectation)) {
            const steps = scenario.steps.map((step, i) => (i === index ? { ...step, expect: wrong } : step))
            const found = complaintsAbout({ ...scenario, steps, differs: [] }, outcome, openssl)
            const label = outcome.observations[index]?.step ?? ''
            if (!found.some((complaint) => complaint.startsWith(`${label}: `)))
              missed.push(`${scenario.name}: ${label}`)
          }
        })
      }
    }
    expect(missed).toEqual([])
  })
})

/** The same with one field wrong, for each field. */
function wrongOnes(expectation: Expectation): readonly Expectation[] {
  const wrong: Required<Expectation> = {
    value: 12_345,
    error: expectation.error === 'SSL_ERROR_WANT_WRITE' ? 'SSL_ERROR_SSL' : 'SSL_ERROR_WANT_WRITE',
    reason: 'a wrong one',
    reasons: ['a wrong one'],
    flags: expectation.flags === 'SENT' ? 'RECEIVED' : 'SENT',
    data: 'wrong data',
    alerts: ['sent fatal wrong'],
    wire: ['a wrong record'],
    newSessions: 99,
    refused: 'ERR_WRONG',
  }
  const replaced: Expectation[] = []
  if (expectation.value !== undefined) replaced.push({ ...expectation, value: wrong.value })
  if (expectation.error !== undefined) replaced.push({ ...expectation, error: wrong.error })
  if (expectation.reason !== undefined) replaced.push({ ...expectation, reason: wrong.reason })
  if (expectation.reasons !== undefined) replaced.push({ ...expectation, reasons: wrong.reasons })
  if (expectation.flags !== undefined) replaced.push({ ...expectation, flags: wrong.flags })
  if (expectation.data !== undefined) replaced.push({ ...expectation, data: wrong.data })
  if (expectation.alerts !== undefined) replaced.push({ ...expectation, alerts: wrong.alerts })
  if (expectation.wire !== undefined) replaced.push({ ...expectation, wire: wrong.wire })
  if (expectation.newSessions !== undefined) replaced.push({ ...expectation, newSessions: wrong.newSessions })
  if (expectation.refused !== undefined) replaced.push({ ...expectation, refused: wrong.refused })
  return replaced
}

describe('a difference', () => {
  const steps: readonly Step[] = [{ do: 'handshake' }, { do: 'SSL_shutdown', by: 'client', expect: { value: 7 } }]
  const expectation = { 'client SSL_shutdown': { value: 0 } }

  test('counts on the builds of its range', () => {
    const when = { kind: 'OpenSSL', from: '1.1.1', before: '9.0' } as const
    expect(complaints(steps, { differs: [{ when, expect: expectation, because: 'It does.' }] })).toEqual([])
  })

  test('does not count before its range, behind it, or on another kind', () => {
    const behind = { kind: 'OpenSSL', from: '9.0' } as const
    const past = { kind: 'OpenSSL', before: '1.1.1' } as const
    for (const when of [behind, past, { kind: 'BoringSSL' } as const, [behind, past]]) {
      expect(complaints(steps, { differs: [{ when, expect: expectation, because: 'It does.' }] })).toHaveLength(1)
    }
  })

  test('does not count over another TLS version', () => {
    expect(
      complaints(steps, { differs: [{ versions: ['TLSv1.2'], expect: expectation, because: 'It.' }] }),
    ).toHaveLength(1)
    expect(complaints(steps, { differs: [{ versions: ['TLSv1.3'], expect: expectation, because: 'It.' }] })).toEqual([])
  })

  test('that says what a build lacks is wrong where the build has it', () => {
    const differs = [{ lacks: ['SSL_shutdown'], because: 'It does not.' }]
    expect(complaints([{ do: 'handshake' }], { differs })).toEqual(['This build was expected to lack SSL_shutdown'])
  })
})

test('a call that a build lacks has to be told by the scenario', () => {
  const outcome: ScenarioOutcome = {
    scenario: 'lab-of-a-test',
    tls: 'TLSv1.3',
    kind: 'lacking',
    calls: ['SSL_key_update'],
  }
  const silent = scenarioOf([{ do: 'handshake' }])
  const complaint = 'This build lacks SSL_key_update, and the scenario does not say so'
  expect(complaintsAbout(silent, outcome, openssl)).toEqual([complaint])
  const telling = { ...silent, differs: [{ lacks: ['SSL_key_update'], because: 'It does.' }] }
  expect(complaintsAbout(telling, outcome, openssl)).toEqual([])
})

test('an outcome is JSON, and the same every time', () => {
  for (const scenario of scenarios) {
    for (const tls of scenario.versions) {
      const once = runScenario(openssl, scenario, tls, certificate)
      expect(JSON.parse(JSON.stringify(once))).toEqual(once)
      expect(runScenario(openssl, scenario, tls, certificate)).toEqual(once)
    }
  }
})

describe('forged and held back', () => {
  const bothTls = ['TLSv1.2', 'TLSv1.3'] as const

  function observe(steps: readonly Step[], tls: 'TLSv1.2' | 'TLSv1.3'): readonly string[] {
    const outcome = runScenario(
      openssl,
      scenarioOf([{ do: 'handshake' }, ...steps], { versions: [tls] }),
      tls,
      certificate,
    )
    if (outcome.kind !== 'ran') throw new Error('Expected a scenario that can run')
    return outcome.observations.slice(1).map(describeObservation)
  }

  test.each(bothTls)('records and real ones stay in order over %s, and all are accepted', (tls) => {
    const steps: readonly Step[] = [
      { do: 'SSL_write', by: 'client', data: 'one' },
      { do: 'forge', from: 'client', record: { type: 'data', text: 'two' } },
      { do: 'SSL_write', by: 'client', data: 'three' },
      { do: 'forge', from: 'client', record: { type: 'alert', level: 'warning', name: 'close_notify' } },
      { do: 'transfer', from: 'client' },
      { do: 'SSL_read', by: 'server' },
      { do: 'SSL_read', by: 'server' },
      { do: 'SSL_read', by: 'server' },
      { do: 'SSL_read', by: 'server' },
    ]
    expect(observe(steps, tls).slice(4)).toEqual([
      'data 3, data 3, data 5, alert warning close_notify',
      "3 read 'one' [none]",
      "3 read 'two' [none]",
      "5 read 'three' [none]",
      '0 SSL_ERROR_ZERO_RETURN, received warning close_notify [RECEIVED]',
    ])
  })

  test.each(bothTls)('bytes come with the next transfer over %s', (tls) => {
    const steps: readonly Step[] = [
      { do: 'SSL_write', by: 'server', data: 'whole' },
      { do: 'SSL_write', by: 'server', data: 'part' },
      { do: 'transfer', from: 'server', holdBack: 3 },
      { do: 'SSL_read', by: 'client' },
      { do: 'SSL_read', by: 'client' },
      { do: 'transfer', from: 'server' },
      { do: 'SSL_read', by: 'client' },
    ]
    expect(observe(steps, tls).slice(2)).toEqual([
      'data 5, a part of data 4',
      "5 read 'whole' [none]",
      '-1 SSL_ERROR_WANT_READ [none]',
      'the rest of data 4',
      "4 read 'part' [none]",
    ])
  })

  test('records follow a KeyUpdate', () => {
    const steps: readonly Step[] = [
      { do: 'SSL_key_update', by: 'client', update: 'update_not_requested' },
      { do: 'SSL_do_handshake', by: 'client' },
      { do: 'forge', from: 'client', record: { type: 'data', text: 'new key' } },
      { do: 'transfer', from: 'client' },
      { do: 'SSL_read', by: 'server' },
    ]
    expect(observe(steps, 'TLSv1.3').slice(3)).toEqual(['key_update, data 7', "7 read 'new key' [none]"])
  })

  test('records follow a forged KeyUpdate, of which their sender knows nothing', () => {
    const steps: readonly Step[] = [
      { do: 'forge', from: 'client', record: { type: 'handshake', hex: '1800000100' } },
      { do: 'SSL_write', by: 'client', data: 'real' },
      { do: 'forge', from: 'client', record: { type: 'data', text: 'forged' } },
      { do: 'SSL_key_update', by: 'client', update: 'update_not_requested' },
      { do: 'SSL_write', by: 'client', data: 'updated' },
      { do: 'transfer', from: 'client' },
      { do: 'SSL_read', by: 'server' },
      { do: 'SSL_read', by: 'server' },
      { do: 'SSL_read', by: 'server' },
    ]
    expect(observe(steps, 'TLSv1.3').slice(5)).toEqual([
      'key_update, data 4, data 6, key_update, data 7',
      "4 read 'real' [none]",
      "6 read 'forged' [none]",
      "7 read 'updated' [none]",
    ])
  })

  test.each(bothTls)('raw records are those that their bytes say over %s', (tls) => {
    const raw = (record: ForgedRecord): readonly Step[] => [
      { do: 'forge', from: 'server', record },
      { do: 'transfer', from: 'server' },
      { do: 'SSL_read', by: 'client' },
    ]
    const alert: ForgedRecord = { type: 'alert', hex: '0100' }
    const [, transfer, read] = observe([...raw({ type: 'data', hex: '6869' }), ...raw(alert)], tls)
    expect([transfer, read]).toEqual(['data 2', "2 read 'hi' [none]"])
    expect(observe(raw(alert), tls).slice(1)).toEqual([
      'alert warning close_notify',
      '0 SSL_ERROR_ZERO_RETURN, received warning close_notify [RECEIVED]',
    ])
    const [, unknown, failure = ''] = observe(raw({ type: 25, hex: '00' }), tls)
    expect(unknown).toBe('type 25 1')
    expect(failure).toMatch(/SSL_ERROR_SSL/)
  })
})

describe('a limited output', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('is filled, and emptied by a transfer over %s', (tls) => {
    const steps: readonly Step[] = [
      { do: 'handshake' },
      { do: 'SSL_write', by: 'server', data: 'x'.repeat(200) },
      { do: 'SSL_write', by: 'server', data: 'x'.repeat(200) },
      { do: 'transfer', from: 'server' },
      { do: 'SSL_write', by: 'server', data: 'x'.repeat(200) },
      { do: 'transfer', from: 'server' },
      { do: 'SSL_write', by: 'server', data: 'x'.repeat(200) },
      { do: 'transfer', from: 'server' },
      { do: 'SSL_read', by: 'client' },
    ]
    const scenario = scenarioOf(steps, { versions: [tls], server: { maxOutput: 100 } })
    const outcome = runScenario(openssl, scenario, tls, certificate)
    if (outcome.kind !== 'ran') throw new Error('Expected a scenario that can run')
    expect(outcome.observations.map(describeObservation)).toEqual([
      '1',
      '-1 SSL_ERROR_WANT_WRITE [none]',
      '-1 SSL_ERROR_WANT_WRITE [none]',
      'nothing',
      '-1 SSL_ERROR_WANT_WRITE [none]',
      'nothing',
      '200 [none]',
      'data 200',
      `200 read '${'x'.repeat(200)}' [none]`,
    ])
  })

  test('that holds nothing lets no handshake be done', () => {
    const outcome = runScenario(
      openssl,
      scenarioOf([{ do: 'handshake' }], { client: { maxOutput: 0 } }),
      'TLSv1.3',
      certificate,
    )
    expect(outcome).toMatchObject({ observations: [{ value: 0 }] })
  })
})
