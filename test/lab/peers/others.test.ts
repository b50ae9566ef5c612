/** Programs of others tell the same of what the peers send. */
import { describe, expect, test } from 'vitest'
import { bodyBytes } from '../../../lib/lab/peers/http.js'
import type { PeerOptions } from '../../../lib/lab/peers/options.js'
import type { ServerProfileName } from '../../../lib/lab/peers/profiles.js'
import { tlsVersions, type TlsVersion } from '../../../lib/tls/versions.js'
import { certificate } from '../../support/certificate.js'
import { stopAfter } from '../../support/peers/child.js'
import { gnutlsClient } from '../../support/peers/gnutls.js'
import { opensslClient, type OpensslPeer } from '../../support/peers/openssl.js'
import { lacks } from '../../support/peers/programs.js'
import { body, request, started } from './meeting.js'

const credentials = { key: certificate.key, cert: certificate.cert }

describe.skipIf(lacks('openssl')).each(tlsVersions)('openssl s_client, %s', (version) => {
  const closeNotify = 'warning close_notify'

  test.each<{ profile: ServerProfileName; receives: readonly string[] }>([
    { profile: 'polite', receives: [closeNotify] },
    { profile: 'answers', receives: [closeNotify] },
    { profile: 'schannel', receives: [closeNotify] },
    { profile: 'drops', receives: [] },
    { profile: 'bare-fin', receives: [] },
    { profile: 'truncates', receives: [] },
    { profile: 'fin-mid-record', receives: [] },
    { profile: 'fin-mid-alert', receives: [] },
    { profile: 'user-canceled', receives: ['warning user_canceled', closeNotify] },
    { profile: 'fatal-alert', receives: ['fatal internal_error'] },
    { profile: 'fatal-close-notify', receives: ['fatal close_notify'] },
    { profile: 'close-notify-and-garbage', receives: [closeNotify] },
    { profile: 'data-after-close-notify', receives: [closeNotify] },
    { profile: 'pooling-server', receives: [] },
    { profile: 'close-notify-in-handshake', receives: [closeNotify] },
    { profile: 'truncates-by-close-notify', receives: [closeNotify] },
    { profile: 'close-notify-and-plaintext', receives: [closeNotify] },
  ])('receives $receives of $profile', async ({ profile, receives }) => {
    const client = await clientOf(profile, version)
    await client.exit
    expect(alertsTo(client)).toEqual(receives)
  })

  test('receives close_notify of keep-alive-closer, which was asked to keep the connection', async () => {
    const client = await clientOf('keep-alive-closer', version, { connection: 'keep-alive' })
    await client.exit
    expect(alertsTo(client)).toEqual([closeNotify])
  })

  test('receives RST of truncates-by-reset, behind half of the body', async () => {
    const client = await clientOf('truncates-by-reset', version)
    await client.line(/errno=104|ECONNRESET|reset by peer/i)
    // The error comes over another pipe than the body: only at its exit has all of both been read.
    await client.exit
    expect(alertsTo(client)).toEqual([])
    expect(linesIn(client)).toBe(Math.floor(body / 2 / 32))
  })

  test('receives of truncates-by-close-notify half of the body', async () => {
    const client = await clientOf('truncates-by-close-notify', version)
    await client.exit
    expect(linesIn(client)).toBe(Math.floor(body / 2 / 32))
  })

  test('receives data of keeps-streaming behind the whole body, and no alert', async () => {
    const client = await clientOf('keeps-streaming', version, { hold: 1000 })
    await client.exit
    expect(alertsTo(client)).toEqual([])
    const received = client.output.join('\n')
    expect(received).toContain(bodyBytes(body - 40, body).toString())
    expect(received.split('and on ').length).toBeGreaterThan(1000)
  })

  test.runIf(version === 'TLSv1.2')('takes an alert of one byte for none', async () => {
    const client = await clientOf('fragmented-close-notify', version)
    await client.line(/invalid alert/i)
    await client.exit
    expect(alertsTo(client)).toEqual([])
  })

  test.runIf(version === 'TLSv1.3')('receives a KeyUpdate and two tickets', async () => {
    const updated = await clientOf('key-update-while-closing', version)
    await updated.line(/<<<.*KeyUpdate/)
    const tickets = await clientOf('unread-tickets', version)
    await tickets.exit
    expect(tickets.output.filter((line) => /<<<.*NewSessionTicket/.test(line))).toHaveLength(2)
  })

  test.runIf(version === 'TLSv1.2')('receives a HelloRequest', async () => {
    const client = await clientOf('hello-request-while-closing', version)
    await client.line(/<<<.*HelloRequest/)
  })
})

describe.skipIf(lacks('gnutls')).each(tlsVersions)('gnutls-cli, %s', (version) => {
  test('calls a bare FIN no proper end, and takes close_notify for one', async () => {
    for (const { profile, isProper } of [
      { profile: 'bare-fin', isProper: false },
      { profile: 'answers', isProper: true },
    ] as const) {
      const peer = await started(profile, { versions: [version], credentials })
      const client = stopAfter(gnutlsClient({ version, port: peer.port }))
      client.write(request('close'))
      await client.line(isProper ? /Peer has closed the GnuTLS connection/ : /non-properly terminated/)
    }
  })
})

async function clientOf(
  profile: ServerProfileName,
  version: TlsVersion,
  { connection = 'close', ...options }: { readonly connection?: 'close' | 'keep-alive' } & PeerOptions = {},
) {
  const peer = await started(profile, { versions: [version], credentials, ...options })
  const client = stopAfter(opensslClient({ version, port: peer.port, args: ['-ign_eof'] }))
  client.write(request(connection))
  return client
}

function alertsTo(client: OpensslPeer): readonly string[] {
  const received = client.alerts().filter(({ direction }) => direction === 'received')
  return received.map(({ level, name }) => `${level} ${name}`)
}

/** Lines of the body that came whole: each has 32 bytes. */
function linesIn({ output }: OpensslPeer): number {
  return output.filter((line) => /^close-notify, line \d{12}$/.test(line)).length
}
