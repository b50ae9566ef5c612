/** The bytes that each profile says it sends are on the wire. */
import { describe, expect, test, vi } from 'vitest'
import { closureOf } from '../../../lib/index.js'
import { bodyBytes, framings } from '../../../lib/lab/peers/http.js'
import { profileOf, serverProfileNames, type ServerProfileName } from '../../../lib/lab/peers/profiles.js'
import { tlsVersions } from '../../../lib/tls/versions.js'
import { delay } from '../../support/streams.js'
import type { Wire } from '../../support/wire.js'
import { body, bodyOf, entryOf, meet, request, wholeResponse } from './meeting.js'

const closeNotify = 'alert warning close_notify'

interface Ending {
  /** From the server, from its first alert, FIN, RST or plaintext on; lengths of cut records are left out. */
  readonly sends: readonly string[]
  /** What the last of it waits for. */
  readonly lastWaitsForFin?: true
}

/** Profiles that answer one request, after which it is on them to close. */
const afterResponse: Readonly<Partial<Record<ServerProfileName, Ending>>> = {
  'bare-fin': { sends: ['fin'] },
  'fin-mid-alert': { sends: ['partial record', 'fin'] },
  'user-canceled': { sends: ['alert warning user_canceled', closeNotify, 'fin'] },
  'fatal-alert': { sends: ['alert fatal internal_error', 'fin'] },
  'close-notify-and-plaintext': { sends: [closeNotify, 'plaintext 21', 'fin'], lastWaitsForFin: true },
  'close-notify-and-garbage': { sends: [closeNotify, 'plaintext 64', 'fin'] },
  'fragmented-close-notify': { sends: ['malformed alert 1', 'malformed alert 1', 'fin'] },
  'fatal-close-notify': { sends: ['alert fatal close_notify', 'fin'] },
  'unread-tickets': { sends: [closeNotify, 'fin'] },
  schannel: { sends: [closeNotify, 'fin'], lastWaitsForFin: true },
}

/** Profiles that keep the connection until the client closes: what they send on its close_notify, TCP open. */
const onCloseNotify: Readonly<Partial<Record<ServerProfileName, Ending>>> = {
  polite: { sends: [closeNotify, 'fin'] },
  answers: { sends: [closeNotify, 'fin'] },
  drops: { sends: ['fin'] },
  'answers-without-fin': { sends: [closeNotify] },
  'mutual-wait': { sends: ['fin'], lastWaitsForFin: true },
  'reset-on-close-notify': { sends: ['rst'] },
  'data-after-close-notify': { sends: [closeNotify, 'fin'] },
  strict: { sends: [closeNotify, 'fin'] },
  'key-update-while-closing': { sends: [closeNotify, 'fin'] },
  'hello-request-while-closing': { sends: [closeNotify, 'fin'] },
}

/** Those with a test of their own below. */
const others: readonly ServerProfileName[] = [
  'silent',
  'keeps-streaming',
  'truncates',
  'truncates-by-reset',
  'truncates-by-close-notify',
  'fin-mid-record',
  'close-notify-in-handshake',
  'keep-alive-closer',
  'pooling-server',
]

test('every profile has its test here', () => {
  const tested = [...Object.keys(afterResponse), ...Object.keys(onCloseNotify), ...others]
  expect(tested.sort()).toEqual([...serverProfileNames].sort())
})

describe.each(tlsVersions)('%s', (version) => {
  const isFor = (name: ServerProfileName) => profileOf(name).versions.includes(version)
  const casesOf = (table: Readonly<Partial<Record<ServerProfileName, Ending>>>) =>
    serverProfileNames.flatMap((name) => {
      const ending = table[name]
      return ending === undefined || !isFor(name) ? [] : [{ name, ending }]
    })

  test.each(casesOf(afterResponse))('$name behind its response', async ({ name, ending }) => {
    const { client, wire } = await meet(name, version)
    client.write(request('close'))
    await wholeResponse(wire)
    await closes(wire, ending, () => client.end())
    expect(bodyOf(wire)).toEqual(bodyBytes(0, body))
  })

  test.each(casesOf(onCloseNotify))('$name on close_notify, TCP open', async ({ name, ending }) => {
    const { client, tcp, wire } = await meet(name, version)
    client.write(request('keep-alive'))
    await wholeResponse(wire)
    await closureOf(client).closeNotify()
    await closes(wire, ending, () => tcp.end())
  })

  test('silent sends nothing, neither on close_notify nor on FIN', async () => {
    const { client, wire, peer } = await meet('silent', version)
    client.write(request('keep-alive'))
    await wholeResponse(wire)
    client.end()
    await wire.seen('client', 'fin')
    await delay(100)
    expect(wire.closing('server')).toEqual([])
    expect(peer.open).toBe(1)
    await peer.close()
    expect(peer.log).toMatchObject([{ other: { closing: 'close_notify+fin', closeNotify: { order: 'without ours' } } }])
  })

  test('keeps-streaming goes on sending behind close_notify and FIN', async () => {
    const { client, wire } = await meet('keeps-streaming', version)
    client.write(request('keep-alive'))
    await wholeResponse(wire)
    expect(wire.data('server').length).toBeLessThan(body + 1000)
    client.end()
    await vi.waitFor(() => expect(wire.data('server').length).toBeGreaterThan(body + 100_000), { timeout: 20_000 })
    expect(wire.closing('server')).toEqual([])
  })

  test.each(framings)('truncates cuts the body at its byte, %s, and says by nothing that it ends', async (framing) => {
    const { client, wire } = await meet('truncates', version, { framing, cut: 8200 })
    client.write(request('keep-alive'))
    await wire.seen('server', 'fin')
    expect(wire.closing('server')).toEqual(['fin'])
    const received = bodyOf(wire)
    if (framing === 'chunked') {
      const [size, second] = ['2000\r\n', `\r\n${(body - 8192).toString(16)}\r\n`]
      const cut = [size, bodyBytes(0, 8192).toString(), second, bodyBytes(8192, 8200).toString()]
      expect(received.toString()).toBe(cut.join(''))
    } else expect(received).toEqual(bodyBytes(0, 8200))
  })

  test.each([
    { profile: 'truncates-by-reset', sends: ['rst'] },
    { profile: 'truncates-by-close-notify', sends: [closeNotify, 'fin'] },
  ] as const)('$profile cuts the body at its byte, and sends $sends', async ({ profile, sends }) => {
    const { client, wire } = await meet(profile, version, { cut: 8200 })
    client.write(request('keep-alive'))
    await wire.seen('server', sends[0])
    await vi.waitFor(() => expect(wire.closing('server')).toEqual(sends))
    expect(bodyOf(wire)).toEqual(bodyBytes(0, 8200))
  })

  test('fin-mid-record ends TCP inside a record, behind the bytes that it was to send', async () => {
    const { client, wire } = await meet('fin-mid-record', version, { cut: 100 })
    client.write(request('keep-alive'))
    await wire.seen('server', 'fin')
    expect(shape(wire)).toEqual(['partial record', 'fin'])
    expect(bodyOf(wire)).toEqual(bodyBytes(0, 100))
  })

  test('close-notify-in-handshake answers the ClientHello with close_notify in the clear', async () => {
    const { wire, peer, tcp } = await meet('close-notify-in-handshake', version, { secured: false })
    await wire.seen('server', 'fin')
    expect(wire.summary('server')).toEqual([`${closeNotify} in the clear`, 'fin'])
    tcp.end()
    expect(await entryOf(peer)).toMatchObject({ handshake: { kind: 'failed', reason: 'close_notify sent' } })
  })

  test('keep-alive-closer sends close_notify to an idle connection, and FIN when it is used again', async () => {
    const { client, wire } = await meet('keep-alive-closer', version)
    client.write(request('keep-alive'))
    await wire.seen('server', closeNotify)
    await delay(100)
    expect(wire.closing('server')).toEqual([closeNotify])
    client.write(request('keep-alive'))
    await wire.seen('server', 'fin')
    expect(wire.closing('server')).toEqual([closeNotify, 'fin'])
  })

  test('pooling-server sends a bare FIN to an idle connection', async () => {
    const { client, wire } = await meet('pooling-server', version)
    client.write(request('keep-alive'))
    await wire.seen('server', 'fin')
    expect(wire.closing('server')).toEqual(['fin'])
    expect(bodyOf(wire)).toHaveLength(body)
  })

  test('data-after-close-notify sends data behind the close_notify of the client', async () => {
    const { client, wire } = await meet('data-after-close-notify', version)
    client.write(request('keep-alive'))
    await wholeResponse(wire)
    await closureOf(client).closeNotify()
    await wire.seen('server', 'fin')
    expect(wire.summary('server').slice(-3)).toEqual(['data 9', closeNotify, 'fin'])
  })

  test('data-after-close-notify sends data behind its own close_notify where it begins', async () => {
    const { client, wire } = await meet('data-after-close-notify', version)
    client.write(request('close'))
    await wire.seen('server', 'fin')
    expect(wire.closing('server')).toEqual([closeNotify, 'data 9', 'fin'])
  })

  test('strict answers an end without close_notify with RST', async () => {
    const { client, tcp, wire, peer } = await meet('strict', version)
    client.write(request('keep-alive'))
    await wholeResponse(wire)
    tcp.end()
    await wire.seen('server', 'rst')
    expect(await entryOf(peer)).toMatchObject({ judgement: { verdict: 'rejected' }, other: { closing: 'fin' } })
  })
})

test('key-update-while-closing asks for a KeyUpdate before its close_notify', async () => {
  const { client, wire } = await meet('key-update-while-closing', 'TLSv1.3')
  client.write(request('keep-alive'))
  await wholeResponse(wire)
  await closureOf(client).closeNotify()
  await wire.seen('server', 'fin')
  expect(wire.summary('server').slice(-3)).toEqual(['key_update', closeNotify, 'fin'])
})

test('hello-request-while-closing sends a HelloRequest before its close_notify', async () => {
  const { client, wire } = await meet('hello-request-while-closing', 'TLSv1.2')
  client.write(request('keep-alive'))
  await wholeResponse(wire)
  await closureOf(client).closeNotify()
  await wire.seen('server', 'handshake hello_request')
  await wire.seen('server', closeNotify)
})

test('unread-tickets sends two tickets', async () => {
  const { client, wire } = await meet('unread-tickets', 'TLSv1.3')
  client.write(request('keep-alive'))
  await wire.seen('server', 'fin')
  const messages = wire.eventsOf('server').flatMap((event) => (event.kind === 'handshake' ? event.messages : []))
  expect(messages.filter((message) => message === 'new_session_ticket')).toHaveLength(2)
})

/** Waits for all that the server is to send, letting the client end TCP only where the last of it waits for that. */
async function closes(wire: Wire, { sends, lastWaitsForFin }: Ending, finish: () => void): Promise<void> {
  const before = lastWaitsForFin === undefined ? sends : sends.slice(0, -1)
  await vi.waitFor(() => expect(shape(wire)).toEqual(before), { timeout: 20_000 })
  // What is not to come has time to.
  await delay(50)
  expect(shape(wire)).toEqual(before)
  if (lastWaitsForFin === undefined) return
  finish()
  await vi.waitFor(() => expect(shape(wire)).toEqual(sends), { timeout: 20_000 })
}

function shape(wire: Wire): readonly string[] {
  return wire.closing('server').map((line) => line.replace(/^partial record \d+$/, 'partial record'))
}
