// Results as text for people: what of two versions is shown once, and what is said where something was not asked.
import { describe, expect, test } from 'vitest'
import { renderText } from '../../../lib/cli/probe/render/text.js'
import { plainStyle } from '../../../lib/cli/style.js'
import { adviceFor } from '../../../lib/lab/probe/advice.js'
import type { Answers, Observed, ProbedVersion, ProbeResult, VersionResult } from '../../../lib/lab/probe/result.js'

const layout = { width: Infinity, style: plainStyle }

const closed: Observed = {
  ...{ kind: 'observed', ending: 'close_notify+fin', userCanceled: false, tcp: 'half-closed', closeNotifyAt: 1 },
  ...{ waited: 2, bytes: 100, stillSending: false },
}
const silent: Observed = {
  ...{ kind: 'observed', ending: 'silent', userCanceled: false, tcp: 'open' },
  ...{ waited: 2, bytes: 0, stillSending: false },
}
const whole: Observed = {
  ...closed,
  response: { status: 200, delimitedBy: 'content-length', complete: true, bytes: 100 },
}
const cut: Observed = {
  ...closed,
  response: { status: 200, delimitedBy: 'content-length', complete: false, bytes: 100 },
}

function version(name: ProbedVersion['version'], answers: Answers, more: Partial<ProbedVersion> = {}): ProbedVersion {
  const resumption = { afterResponse: 'not-asked', afterCloseNotify: 'not-asked', afterFin: 'not-asked' } as const
  return {
    ...{ kind: 'probed', version: name, cipher: `cipher of ${name}`, certificate: { trusted: true } },
    ...{ handshake: name === 'TLSv1.2' ? 12 : 13, answers, resumption, advice: adviceFor({ answers, resumption }) },
    ...more,
  }
}

function textOf(...versions: readonly VersionResult[]): string {
  const result: ProbeResult = {
    ...{
      format: 1,
      kind: 'probe',
      target: 'localhost',
      host: 'localhost',
      port: 443,
      date: '2026-11-30T00:00:00.000Z',
    },
    madeBy: { 'close-notify': '0', node: '0', library: '0' },
    settings: { request: 'http/1.1', wait: 1, timeout: 1 },
    versions,
  }
  return renderText(result, layout)
}

describe('two versions', () => {
  test('that are alike are shown once, with what each has of its own', () => {
    const text = textOf(version('TLSv1.2', { afterResponse: whole }), version('TLSv1.3', { afterResponse: whole }))
    expect(text).toContain('TLSv1.2 and TLSv1.3 cipher of TLSv1.2 and cipher of TLSv1.3')
    expect(text).toContain('handshake 12 and 13 ms')
  })

  test.each<[string, ProbedVersion]>([
    ['whose response is cut', version('TLSv1.3', { afterResponse: cut })],
    [
      'whose status is another',
      version('TLSv1.3', { afterResponse: { ...whole, response: { status: 404, complete: true, bytes: 100 } } }),
    ],
    ['which goes on sending', version('TLSv1.3', { afterResponse: { ...whole, stillSending: true } })],
    [
      'whose certificate is another',
      version('TLSv1.3', { afterResponse: whole }, { certificate: { trusted: false, reason: 'self-signed' } }),
    ],
    [
      'which failed otherwise',
      version('TLSv1.3', {
        afterResponse: { kind: 'not-observed', failure: { stage: 'request', reason: 'timeout' } },
      }),
    ],
  ])('are shown both, the one %s too', (_what, other) => {
    const text = textOf(version('TLSv1.2', { afterResponse: whole }), other)
    expect(text.split('\n').filter((line) => line.startsWith('TLSv1.'))).toHaveLength(2)
  })
})

test.each<[string, Answers, RegExp]>([
  ['not asked', { onFin: closed }, /mode 'unidirectional'; whether it answers close_notify is not known\.\n$/],
  [
    'not observed',
    { onCloseNotify: { kind: 'not-observed', failure: { stage: 'handshake', reason: 'reset' } } },
    /is not known\.\n$/,
  ],
  ['answered', { onCloseNotify: closed }, /mode 'bidirectional' with waitTimeout 500/],
  ['not answered', { onCloseNotify: silent }, /gives no answer that is worth waiting for/],
])('the advice where close_notify was %s', (_what, answers, text) => {
  expect(textOf(version('TLSv1.3', answers))).toMatch(text)
})
