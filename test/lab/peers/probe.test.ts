/** The probe tells the same of the peers as the relay and programs of others do. */
import { describe, expect, test } from 'vitest'
import { probe } from '../../../lib/lab/probe/probe.js'
import type { Answer, Question } from '../../../lib/lab/probe/result.js'
import type { ServerProfileName } from '../../../lib/lab/peers/profiles.js'
import { tlsVersions, type TlsVersion } from '../../../lib/tls/versions.js'
import { started } from './meeting.js'

describe.each(tlsVersions)('%s', (version) => {
  test.each<{ profile: ServerProfileName; ending: string }>([
    { profile: 'polite', ending: 'close_notify+fin' },
    { profile: 'answers', ending: 'close_notify+fin' },
    { profile: 'drops', ending: 'fin' },
    { profile: 'answers-without-fin', ending: 'close_notify' },
    { profile: 'mutual-wait', ending: 'silent' },
    { profile: 'silent', ending: 'silent' },
    { profile: 'reset-on-close-notify', ending: 'reset' },
    { profile: 'strict', ending: 'close_notify+fin' },
  ])('$profile gives $ending for our close_notify', async ({ profile, ending }) => {
    expect(await answerOf(profile, version, 'onCloseNotify')).toMatchObject({ kind: 'observed', ending })
  })

  test.each<{ profile: ServerProfileName; ending: string; userCanceled?: true }>([
    { profile: 'bare-fin', ending: 'fin' },
    { profile: 'truncates', ending: 'fin' },
    { profile: 'fin-mid-alert', ending: 'fin' },
    { profile: 'answers', ending: 'close_notify+fin' },
    { profile: 'user-canceled', ending: 'close_notify+fin', userCanceled: true },
    { profile: 'fatal-alert', ending: 'alert:internal_error' },
    { profile: 'silent', ending: 'silent' },
  ])('$profile gives $ending behind its response', async ({ profile, ending, userCanceled = false }) => {
    const answer = await answerOf(profile, version, 'afterResponse')
    expect(answer).toMatchObject({ kind: 'observed', ending, userCanceled })
  })
})

async function answerOf(
  profile: ServerProfileName,
  version: TlsVersion,
  question: Question,
): Promise<Answer | undefined> {
  const peer = await started(profile, { versions: [version] })
  const options = { versions: [version], questions: [question], wait: 500 }
  const [result] = (await probe(`127.0.0.1:${peer.port}`, options)).versions
  return result?.kind === 'probed' ? result.answers[question] : undefined
}
