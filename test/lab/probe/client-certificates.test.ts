/**
 * Servers that ask a client for a certificate: OpenSSL's own verification, on a server of the engine. In TLS 1.3 a client's
 * handshake is done before the server has seen its certificate (RFC 8446 section 2), so that a refusal comes behind it.
 */
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ProbeOptions } from '../../../lib/lab/probe/options.js'
import { probe } from '../../../lib/lab/probe/probe.js'
import type { VersionResult } from '../../../lib/lab/probe/result.js'
import { certificate, otherCertificate } from '../../support/certificate.js'
import { textWith } from '../campaign/support.js'
import { response, type ScriptedOptions, scriptedServer } from './scripted-server.js'

const own = { cert: certificate.cert, key: certificate.key }
const untrusted = { cert: otherCertificate.cert, key: otherCertificate.key }

describe('a server that requires a certificate', () => {
  const required = { verify: 'require', ca: certificate.cert } as const

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('is probed with one that it trusts, in %s', async (version) => {
    const { result, connections } = await probed(required, { versions: [version], ...own })
    expect(result).toMatchObject({
      kind: 'probed',
      answers: { afterResponse: { ending: 'close_notify+fin', response: { status: 200, complete: true } } },
    })
    expect(connections).toBe(2)
  })

  test.each([
    { what: 'without one', given: {}, alert: 'alert:handshake_failure' },
    { what: 'with one that it does not trust', given: untrusted, alert: 'alert:unknown_ca' },
  ])('refuses $what by an alert in the handshake of TLS 1.2: a failure', async ({ given, alert }) => {
    const { result, connections } = await probed(required, { versions: ['TLSv1.2'], ...given })
    expect(result).toEqual({
      kind: 'failed',
      version: 'TLSv1.2',
      failure: { stage: 'handshake', reason: alert },
    })
    expect(connections).toBe(1)
  })

  test.each([
    { what: 'without one', given: {}, alert: 'alert:certificate_required' },
    { what: 'with one that it does not trust', given: untrusted, alert: 'alert:unknown_ca' },
  ])('refuses $what by an alert behind the handshake of TLS 1.3: the answer', async ({ given, alert }) => {
    const { result } = await probed(required, { versions: ['TLSv1.3'], ...given })
    expect(result).toMatchObject({
      kind: 'probed',
      answers: { afterResponse: { ending: alert, bytes: 0 } },
      resumption: { afterResponse: 'no-session' },
      advice: { mode: 'unidirectional', findings: [{ weight: 'risk', text: textWith('wants a certificate') }, {}] },
    })
    expect(result).not.toHaveProperty('answers.afterResponse.response')
  })
})

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'a server that only asks for one is probed without, in %s',
  async (version) => {
    const { result } = await probed({ verify: 'peer', ca: certificate.cert }, { versions: [version] })
    expect(result).toMatchObject({ kind: 'probed', answers: { afterResponse: { response: { status: 200 } } } })
  },
)

test('a certificate that does not belong to its key is refused before anything is sent', async () => {
  const server = await politeServer({ verify: 'require', ca: certificate.cert })
  const mixed = { cert: certificate.cert, key: otherCertificate.key }
  await expect(probe(`127.0.0.1:${server.port}`, mixed)).rejects.toMatchObject({ code: 'ERR_OPENSSL_CALL_FAILED' })
  expect(server.connections).toBe(0)
})

async function probed(required: ScriptedOptions, options: ProbeOptions) {
  const server = await politeServer(required)
  const { versions } = await probe(`localhost:${server.port}`, {
    ...{ family: 4, wait: 1000, questions: ['afterResponse'], ca: certificate.cert },
    ...options,
  })
  const [result]: readonly (VersionResult | undefined)[] = versions
  return { result, connections: server.connections }
}

/** Answers a request, and closes in order. */
async function politeServer(options: ScriptedOptions) {
  const server = await scriptedServer(async ({ wire, whatComes }) => {
    await whatComes()
    if (wire.seen.bytes > 0) wire.write(response('hello'))
    wire.closeNotify()
    wire.fin()
  }, options)
  onTestFinished(() => server.close())
  return server
}
