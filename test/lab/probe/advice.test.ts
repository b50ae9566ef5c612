/** What answers mean, where they leave open whether all has come. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { adviceFor } from '../../../lib/lab/probe/advice.js'
import { probe } from '../../../lib/lab/probe/probe.js'
import type { Answers, Observed, Question } from '../../../lib/lab/probe/result.js'
import { matching } from '../transport/matchers.js'
import { scriptedServer } from './scripted-server.js'

const nothing: Observed = {
  ...{ kind: 'observed', ending: 'fin', userCanceled: false, tcp: 'closed' },
  ...{ waited: 10, bytes: 0, stillSending: false },
}
const some: Observed = { ...nothing, bytes: 1000, lastBytesAt: 1, response: { bytes: 1000 } }
const resumption = { afterResponse: 'not-asked', afterCloseNotify: 'not-asked', afterFin: 'not-asked' } as const

function findingOf(question: Question, answers: Answers) {
  const found = adviceFor({ answers, resumption }).findings.find((each) => each.question === question)
  return found === undefined ? undefined : [found.weight, found.text]
}

describe('the end behind a response', () => {
  test.each<[string, Partial<Observed>, string, RegExp]>([
    ['still coming', { ending: 'silent', stillSending: true }, 'note', /still coming .* 1,000 bytes/],
    ['cut by FIN', { response: { bytes: 1000, complete: false } }, 'risk', /was cut: 1,000 bytes came, and then fin\./],
    [
      'cut, and close_notify says it is whole',
      { ending: 'close_notify+fin', response: { bytes: 1000, complete: false } },
      ...(['risk', /was cut: .* then close_notify\+fin/] as const),
    ],
    [
      'not gone on with',
      { ending: 'silent', response: { bytes: 1000, complete: false } },
      ...(['risk', /was cut: .* then nothing more/] as const),
    ],
    [
      'whole',
      { ending: 'close_notify+fin', response: { bytes: 1000, complete: true } },
      ...(['good', /says itself where it ends/] as const),
    ],
    ['without a length', {}, 'risk', /cannot be told from a whole one/],
  ])('%s', (_what, answer, weight, text) => {
    // All of it came before the end was waited for.
    expect(findingOf('afterResponse', { afterResponse: { ...some, ...answer, bytes: 0 } })).toEqual([
      weight,
      matching(text),
    ])
  })
})

describe('what comes behind a request and close_notify', () => {
  const larger: Observed = { ...nothing, response: { bytes: 2000 } }

  test.each<[string, Partial<Observed>, Observed | undefined, string, RegExp]>([
    ['whole', { response: { bytes: 1000, complete: true } }, larger, 'good', /in full/],
    ['without a length, then RST', { ending: 'reset' }, undefined, 'risk', /RST: whether that is all cannot be told/],
    [
      'without a length, then an alert',
      { ending: 'alert:internal_error' },
      undefined,
      ...(['risk', /alert:internal_error: whether that/] as const),
    ],
    ['without a length, and less than alone', {}, larger, 'risk', /^Of a response of 2,000 bytes 1,000 came/],
    ['without a length, and as much as alone', {}, some, 'good', /^It answers behind our close_notify: 1,000 bytes/],
    ['without a length, and nothing to compare with', {}, undefined, 'good', /^It answers behind our close_notify/],
  ])('%s', (_what, answer, before, weight, text) => {
    const answers = {
      ...(before !== undefined && { afterResponse: before }),
      onCloseNotifyAfterRequest: { ...some, ...answer },
    }
    expect(findingOf('onCloseNotifyAfterRequest', answers)).toEqual([weight, matching(text)])
  })
})

test('settings of HTTP/2 are no answer to half a request, and a whole response is', () => {
  const settings: Observed = { ...some, response: { bytes: 1000, delimitedBy: 'frames', complete: false } }
  expect(findingOf('onFinInRequest', { onFinInRequest: settings })).toEqual(['good', matching(/^It drops/)])
  const whole: Observed = { ...some, response: { bytes: 1000, delimitedBy: 'frames', complete: true } }
  expect(findingOf('onFinInRequest', { onFinInRequest: whole })).toEqual(['note', matching(/^It answers/)])
})

test('the time of an alert on an idle connection is told', () => {
  const answer: Observed = { ...nothing, ending: 'alert:internal_error', alertAt: 1500, finAt: 3000 }
  expect(findingOf('idle', { idle: answer })).toEqual(['note', matching(/after 1\.5 s with alert/)])
})

test('a server that cuts its response is found to', async () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n'
  const server = await scriptedServer(async ({ wire, whatComes }) => {
    await whatComes()
    wire.write(Buffer.from(`${head}hello`))
    wire.closeNotify()
    wire.fin()
  })
  onTestFinished(() => server.close())
  const asked = { family: 4, wait: 300, versions: ['TLSv1.3'], questions: ['afterResponse'] } as const
  const [version] = (await probe(`localhost:${server.port}`, asked)).versions
  const text = `The response was cut: ${head.length + 5} bytes came, and then close_notify+fin.`
  expect(version).toMatchObject({ advice: { findings: [{ weight: 'risk', text }, {}] } })
})
