// Objects that are freed, dropped, outlived by others, or whose thread ends: typed errors, no crash, no leak.
import { describe, expect, test } from 'vitest'
import { runEngineProgram } from './programs.js'
import { builds } from './builds.js'
import { connectPair, deliver, handshake, makePair, settle } from './ssl-pair.js'
import { thrown } from './thrown.js'

describe.each(builds)('on $name ($openssl.version)', ({ openssl }) => {
  test('every call of a freed Ssl says so, whatever state it was in, and freeing twice is harmless', () => {
    const { client, server } = connectPair(openssl)
    const session = client.getSession()
    if (session === undefined) throw new Error('There is no session')
    client.receiveEof()
    for (const ssl of [client, server, makePair(openssl).client]) {
      ssl.free()
      ssl.free()
      ssl[Symbol.dispose]()
      const bytes = Buffer.from('x')
      const calls = [
        () => ssl.doHandshake(),
        () => ssl.read(),
        () => ssl.peek(),
        () => ssl.write(bytes),
        () => ssl.shutdown(),
        () => ssl.shutdownEx(),
        () => ssl.keyUpdate('update_requested'),
        () => ssl.renegotiate(),
        () => ssl.verifyClientPostHandshake(),
        () => ssl.setSession(session),
        () => ssl.receive(bytes),
        () => ssl.receiveEof(),
        () => ssl.transmit(),
        () => ssl.inputPending(),
        () => ssl.outputPending(),
        () => ssl.pump(),
        () => ssl.pump(bytes),
        () => ssl.pump(bytes, Buffer.alloc(9)),
        () => ssl.writeAndTransmit(bytes),
        () => ssl.shutdownAndTransmit(),
        () => ssl.takeEvents(),
        () => ssl.eventsDropped,
        () => ssl.tellTickets(true),
        () => ssl.getShutdown(),
        () => ssl.setShutdown(1),
        () => ssl.getQuietShutdown(),
        () => ssl.setQuietShutdown(true),
        () => ssl.setVerify('peer'),
        () => ssl.pending(),
        () => ssl.hasPending(),
        () => ssl.inInit(),
        () => ssl.getStateString(),
        () => ssl.getRecordState(),
        () => ssl.freeBuffers(),
        () => ssl.getVersion(),
        () => ssl.getCipher(),
        () => ssl.getAlpn(),
        () => ssl.getServername(),
        () => ssl.getVerifyResult(),
        () => ssl.getVerifyMode(),
        () => ssl.getPeerCertificate(),
        () => ssl.getCertificate(),
        () => ssl.getPeerChain(),
        () => ssl.getTrustedIssuers(),
        () => ssl.holdClientHello(),
        () => ssl.getClientHello(),
        () => ssl.answerClientHello(),
        () => ssl.exportKeyingMaterial(16, 'EXPERIMENTAL'),
        () => ssl.sessionReused(),
        () => ssl.getSession(),
      ]
      for (const call of calls)
        expect(`${String(call)} ${thrown(call)}`).toMatch(/ ERR_OPENSSL_FREED this SSL was freed/)
    }
  })

  test('every call of a freed context says so, and what was made of it lives on', () => {
    const pair = makePair(openssl)
    for (const context of [pair.clientContext, pair.serverContext]) {
      context.free()
      context[Symbol.dispose]()
      for (const call of [
        () => context.createSsl(),
        () => context.getQuietShutdown(),
        () => context.setQuietShutdown(true),
      ]) {
        expect(thrown(call)).toMatch(/^ERR_OPENSSL_FREED this SSL_CTX was freed/)
      }
    }
    expect(handshake(pair)).toMatchObject({ client: { value: 1 }, server: { value: 1 } })
    settle(pair)
    pair.client.write(Buffer.from('alive'))
    expect(String(deliver(pair.client, pair.server))).toBe('alive')
  })

  test('a freed Ssl leaves the next one of its kind alone', () => {
    for (let i = 0; i < 100; i++) {
      const pair = makePair(openssl)
      pair.client.doHandshake()
      pair.client.free()
      expect(thrown(() => pair.client.transmit())).toContain('ERR_OPENSSL_FREED')
      const next = pair.clientContext.createSsl()
      expect(next.outputPending()).toBe(0)
      expect(thrown(() => pair.client.transmit())).toContain('ERR_OPENSSL_FREED')
      expect(handshake({ client: next, server: pair.server })).toMatchObject({ client: { value: 1 } })
    }
  })

  test('objects that are dropped go with the garbage, and memory stays flat', async () => {
    const [facts] = await runEngineProgram('drops-objects.mjs', [openssl.libssl ?? ''], { execArgv: ['--expose-gc'] })
    const { collected, sizes } = factsOf(facts)
    for (const name of ['context', 'ssl', 'session'])
      expect([name, Number(collected[name]) > 400]).toEqual([name, true])
    // 50 pairs that stayed would be 5 MiB or more, each round.
    const [early, late] = [sizes[3] ?? 0, sizes[9] ?? 0]
    expect(late - early).toBeLessThan(12 * 1024 * 1024)
  })

  test('workers load it, use it and end in every way, and the process goes on', async () => {
    const [facts] = await runEngineProgram('worker-ends.mjs', [openssl.libssl ?? '', '3'])
    expect(facts).toEqual({ ends: Array.from({ length: 16 }, () => openssl.kind), here: openssl.kind })
  })
})

function factsOf(facts: unknown): { readonly collected: Record<string, unknown>; readonly sizes: readonly number[] } {
  const sizes: unknown = Reflect.get(Object(facts), 'sizes')
  const collected: unknown = Reflect.get(Object(facts), 'collected')
  if (!Array.isArray(sizes) || typeof collected !== 'object' || collected === null) throw new Error('Expected facts')
  return { collected: Object.fromEntries(Object.entries(collected)), sizes: sizes.map(Number) }
}
