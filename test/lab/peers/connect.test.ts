/** Profiles of clients, by what the peers of this package and an independent relay see of them. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { connectAs } from '../../../lib/lab/peers/connect.js'
import type { ClientProfileName, ServerProfileName } from '../../../lib/lab/peers/profiles.js'
import { tlsVersions, type TlsVersion } from '../../../lib/tls/versions.js'
import { certificate } from '../../support/certificate.js'
import { opensslServer } from '../../support/peers/openssl.js'
import { lacks } from '../../support/peers/programs.js'
import { stopAfter } from '../../support/peers/child.js'
import { startRelay } from '../../support/relay.js'
import { entryOf, started } from './meeting.js'

describe.each(tlsVersions)('%s', (version) => {
  async function play(client: ClientProfileName, server: ServerProfileName, options: { framing?: 'close' } = {}) {
    const peer = await started(server, { ...options, versions: [version], hold: 1500 })
    // Where nothing is to come, the whole of it passes.
    const wait = server === 'silent' ? 400 : 10_000
    const entry = await connectAs(client, { port: peer.port, versions: [version], wait })
    return { entry, atServer: await entryOf(peer), peer }
  }

  test.each<{ client: ClientProfileName; server: ServerProfileName; closing: string; order?: string; verdict: string }>(
    [
      { client: 'chrome', server: 'polite', closing: 'fin', verdict: 'accepted' },
      { client: 'chrome', server: 'truncates', closing: 'fin', verdict: 'rejected' },
      { client: 'firefox', server: 'polite', closing: 'close_notify+fin', order: 'before ours', verdict: 'accepted' },
      {
        client: 'firefox',
        server: 'truncates',
        closing: 'close_notify+fin',
        order: 'without ours',
        verdict: 'rejected',
      },
      { client: 'internet-explorer', server: 'bare-fin', closing: 'fin', verdict: 'accepted' },
      { client: 'internet-explorer', server: 'keep-alive-closer', closing: 'fin', verdict: 'rejected' },
      {
        client: 'gnutls-strict',
        server: 'answers',
        closing: 'close_notify+fin',
        order: 'after ours',
        verdict: 'accepted',
      },
      { client: 'gnutls-strict', server: 'bare-fin', closing: 'fin', verdict: 'rejected' },
      { client: 'cdsa', server: 'answers', closing: 'close_notify+fin', order: 'after ours', verdict: 'accepted' },
      { client: 'cdsa', server: 'bare-fin', closing: 'close_notify+fin', order: 'without ours', verdict: 'rejected' },
      {
        client: 'nss-lenient',
        server: 'answers',
        closing: 'close_notify+fin',
        order: 'after ours',
        verdict: 'accepted',
      },
      {
        client: 'nss-lenient',
        server: 'truncates',
        closing: 'close_notify+fin',
        order: 'without ours',
        verdict: 'accepted',
      },
      { client: 'waits', server: 'polite', closing: 'close_notify+fin', order: 'before ours', verdict: 'accepted' },
      { client: 'waits', server: 'silent', closing: 'close_notify+fin', order: 'without ours', verdict: 'accepted' },
    ],
  )('$client towards $server: $closing, $verdict', async ({ client, server, closing, order, verdict }) => {
    const { entry, atServer } = await play(client, server)
    expect(entry).toMatchObject({ side: 'client', profile: client, handshake: { kind: 'done', version } })
    expect(entry.judgement).toMatchObject({ verdict })
    expect(atServer.other).toMatchObject({ closing, ...(order !== undefined && { closeNotify: { order } }) })
    expect(JSON.parse(JSON.stringify(entry))).toEqual(entry)
  })

  test('a body that ends with the connection is whole to chrome without close_notify, and not to gnutls-strict', async () => {
    const options = { framing: 'close' } as const
    expect((await play('chrome', 'truncates', options)).entry.judgement).toMatchObject({ verdict: 'accepted' })
    expect((await play('gnutls-strict', 'truncates', options)).entry.judgement).toMatchObject({ verdict: 'rejected' })
    expect((await play('gnutls-strict', 'answers', options)).entry.judgement).toMatchObject({ verdict: 'accepted' })
  })

  test('internet-explorer sends its next request behind the close_notify of the server', async () => {
    const { entry } = await play('internet-explorer', 'keep-alive-closer')
    expect(entry.did.map(({ did }) => did)).toEqual(['request', 'request', 'fin'])
    expect(entry.other).toMatchObject({ closing: 'close_notify+fin', closeNotify: { order: 'without ours' } })
  })

  test('waits keeps TCP open for its time, and no longer', async () => {
    const { entry } = await play('waits', 'silent')
    const [closeNotify, fin] = entry.did.slice(-2)
    expect([closeNotify?.did, fin?.did]).toEqual(['close_notify', 'fin'])
    expect(Number(fin?.at) - Number(closeNotify?.at)).toBeGreaterThanOrEqual(399)
  })

  test.skipIf(lacks('openssl'))(
    'openssl s_server sees the alerts of firefox and waits, and none of chrome',
    async () => {
      expect(await seenByServer('firefox', version)).toEqual(['warning close_notify'])
      expect(await seenByServer('waits', version)).toEqual(['warning close_notify'])
      expect(await seenByServer('chrome', version)).toEqual([])
    },
  )
})

test('a certificate that is not trusted ends the handshake of firefox', async () => {
  const peer = await started('polite')
  const entry = await connectAs('firefox', { port: peer.port, ca: certificate.cert })
  expect(entry).toMatchObject({ handshake: { kind: 'failed', reason: 'certificate verify failed' } })
  expect(entry).not.toHaveProperty('judgement')
})

test('its end by a signal is an entry too', async () => {
  const peer = await started('silent', { framing: 'close' })
  const signal = AbortSignal.timeout(1000)
  const entry = await connectAs('firefox', { port: peer.port, signal })
  expect(entry).toMatchObject({ handshake: { kind: 'done' }, did: [{ did: 'request' }], other: { closing: 'open' } })
})

test('rejects where TCP does not connect, and for options that are none', async () => {
  const peer = await started('polite')
  const { port } = peer
  await peer.close()
  const refused = { name: 'TransportFailure', reason: 'refused', code: 'ECONNREFUSED' }
  await expect(connectAs('firefox', { port })).rejects.toMatchObject(refused)
  await expect(connectAs('firefox', { port, host: 'no-such-host.invalid' })).rejects.toMatchObject({
    reason: 'host-not-found',
  })
  const signal = AbortSignal.abort(new Error('enough'))
  await expect(connectAs('firefox', { port, signal })).rejects.toThrow('enough')
  const code = 'ERR_CLOSURE_INVALID_ARGUMENT'
  for (const options of [{}, { port: 0 }, { port, path: 'x y' }, { port, versions: [] }, { port, nonsense: 1 }]) {
    await expect(Reflect.apply(connectAs, undefined, ['firefox', options])).rejects.toMatchObject({ code })
  }
  await expect(Reflect.apply(connectAs, undefined, ['polite', { port }])).rejects.toMatchObject({ code })
})

async function seenByServer(client: ClientProfileName, version: TlsVersion): Promise<readonly string[]> {
  const server = stopAfter(await opensslServer({ version, args: ['-www', '-naccept', '1'] }))
  const relay = await startRelay({ port: server.port })
  onTestFinished(relay.close)
  await connectAs(client, { port: relay.port, wait: 100, timeout: 2000 })
  await server.exit
  const received = server.alerts().filter(({ direction }) => direction === 'received')
  return received.map(({ level, name }) => `${level} ${name}`)
}
