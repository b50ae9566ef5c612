// TLS stacks that we did not write, as clients of servers under a policy: what they see of our closing, and we of theirs.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { closeNotify } from '../closure/sides.js'
import { certificate } from '../support/certificate.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { type PeerProcess, startPeer, stopAfter } from '../support/peers/child.js'
import { gnutlsClient } from '../support/peers/gnutls.js'
import { lacks, programOf } from '../support/peers/programs.js'
import { opensslClient } from '../support/peers/openssl.js'
import { pythonClient } from '../support/peers/python.js'
import type { Wire } from '../support/wire.js'
import { ample, answerAndClose, controlled, endingOf, httpsServer, modes, order, tlsServer } from './harness.js'

function curl(version: TlsVersion, port: number, args: readonly string[] = []): PeerProcess {
  const number = version.slice(-3)
  const trust = ['--cacert', certificate.certFile, '--resolve', `localhost:${port}:127.0.0.1`]
  const versions = [`--tlsv${number}`, '--tls-max', number]
  const url = `https://localhost:${port}/`
  return stopAfter(startPeer({ ...programOf('curl'), args: ['-sS', ...versions, ...trust, ...args, url] }))
}

const answers: readonly (readonly [string, RequestListener, readonly string[], string])[] = [
  ['Connection: close', answerAndClose, [], 'ok'],
  [
    'HTTP/1.0, the body ends with the connection',
    (_req, res) => {
      res.write('first ')
      res.end('last')
    },
    ['--http1.0', '--no-alpn'],
    'first last',
  ],
  ['keep-alive, and the client goes', (_req, res) => res.end('ok'), [], 'ok'],
]

/** The first close_notify and FIN of each side, in their order. */
function firstEnds(wire: Wire): string[] {
  return order(wire).filter((line) => line.endsWith(closeNotify) || line.endsWith(' fin'))
}

describe.each(tlsVersions)('%s', (version) => {
  describe.skipIf(lacks('curl')).each(modes)('curl of an https server, %s', (mode) => {
    const policy = { mode, waitTimeout: ample } as const

    test.each(answers)('%s: it has the whole answer', async (name, handler, args, body) => {
      const { relay, report } = await controlled(httpsServer(version, handler), policy)
      const peer = curl(version, relay.port, args)
      expect(await peer.exit).toEqual({ code: 0, signal: null })
      expect(peer.output).toEqual([body])
      const final = await report()
      const goesFirst = name.startsWith('keep-alive')
      // It sends its own close_notify, whatever came from us. One that we do not wait for may come before our FIN has gone.
      const verdicts = {
        quiet: goesFirst ? ['unreciprocated'] : ['quiet'],
        unidirectional: goesFirst ? ['clean'] : ['half-closed', 'clean'],
        bidirectional: ['clean'],
      }[mode]
      expect(verdicts).toContain(final.verdict)
      expect(final).toMatchObject({ mode, endedBy: 'done', undeliveredBytes: 0 })
      const wire = await relay.nextWire()
      await wire.closed
      expect(endingOf(wire, 'server')[0]).toBe(mode === 'quiet' ? 'fin' : closeNotify)
      if (mode !== 'bidirectional') return
      const ends = firstEnds(wire)
      expect(ends).toContain(`client ${closeNotify}`)
      // FIN may be refused where curl has closed its socket by then.
      if (ends.includes('server fin')) {
        expect(ends.indexOf('server fin')).toBeGreaterThan(ends.indexOf(`client ${closeNotify}`))
      }
    })
  })

  test("Python's http: an upload that was answered early is drained, and it reads the whole answer", async () => {
    const size = 3_000_000
    const refuse = (_req: IncomingMessage, res: ServerResponse) => {
      res.writeHead(413, { Connection: 'close', 'Content-Length': 10_000 })
      res.end('n'.repeat(10_000))
    }
    const { relay, report } = await controlled(httpsServer(version, refuse), {
      mode: 'bidirectional',
      waitTimeout: ample,
      maxDiscardBytes: 2 * size,
    })
    const head = `POST /u HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${size}\r\n\r\n`
    const steps = [
      { do: 'send-text', text: head },
      { do: 'send', bytes: size },
      { do: 'read-to-end' },
      { do: 'unwrap' },
    ] as const
    const peer = stopAfter(pythonClient({ version, port: relay.port, steps }))
    const end = await peer.event('end')
    expect(end).toMatchObject({ how: 'close_notify' })
    expect(Reflect.get(Object(end), 'bytes')).toBeGreaterThan(10_000)
    expect(await peer.event('unwrap')).toMatchObject({ ok: true })
    expect(await report()).toMatchObject({ verdict: 'clean', endedBy: 'done' })
    const wire = await relay.nextWire()
    await wire.closed
    expect(wire.summary('server')).not.toContain('rst')
  })

  describe.each(modes)('clients of a tls server that ends, %s', (mode) => {
    async function closing<T extends PeerProcess>(start: (port: number) => T) {
      const server = tlsServer(version, (socket) => {
        socket.once('data', () => socket.end('bye'))
      })
      const { relay, report } = await controlled(server, { mode, waitTimeout: ample })
      const peer = stopAfter(start(relay.port))
      peer.write('hello\n')
      const final = await report()
      const wire = await relay.nextWire()
      await wire.seen('client', 'fin')
      expect(endingOf(wire, 'server')[0]).toBe(mode === 'quiet' ? 'fin' : closeNotify)
      expect(final).toMatchObject({ mode, began: 'local', undeliveredBytes: 0 })
      return { final, peer }
    }

    test.skipIf(lacks('openssl'))(
      'openssl s_client answers a close_notify, and takes a bare FIN for an attack',
      async () => {
        const { final, peer } = await closing((port) => opensslClient({ version, port }))
        expect(final.verdict).toBe(mode === 'quiet' ? 'quiet' : 'clean')
        await peer.exit
        const received = mode === 'quiet' ? [] : [{ direction: 'received', level: 'warning', name: 'close_notify' }]
        expect(peer.alerts().filter(({ direction }) => direction === 'received')).toEqual(received)
      },
    )

    test.skipIf(lacks('gnutls'))('gnutls-cli does not answer: the wait ends with TCP', async () => {
      const { final } = await closing((port) => gnutlsClient({ version, port }))
      const verdict = mode === 'quiet' ? 'quiet' : 'unanswered'
      expect(final).toMatchObject({ verdict, endedBy: mode === 'bidirectional' ? 'tcp-end' : 'done' })
    })

    test("Python's ssl that reads to the end and closes: no answer", async () => {
      const steps = [{ do: 'send', bytes: 1 }, { do: 'read-to-end' }] as const
      const { final, peer } = await closing((port) => pythonClient({ version, port, steps }))
      const end = { event: 'end', bytes: 3, how: mode === 'quiet' ? 'SSLEOFError' : 'close_notify' }
      expect(await peer.event('end')).toMatchObject(end)
      expect(final.verdict).toBe(mode === 'quiet' ? 'quiet' : 'unanswered')
    })

    test("Python's ssl that unwraps: clean", async () => {
      const steps = [{ do: 'send', bytes: 1 }, { do: 'read-to-end' }, { do: 'unwrap' }] as const
      const { final, peer } = await closing((port) => pythonClient({ version, port, steps }))
      expect(final.verdict).toBe(mode === 'quiet' ? 'quiet' : 'clean')
      expect(await peer.event('unwrap')).toMatchObject({ ok: mode !== 'quiet' })
    })
  })
})
