// The interlock of a TlsStream: over a net.Socket as startTls() has it, and over any Duplex.
import { Duplex } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { createContext, TlsStream } from '../../lib/stream/index.js'
import { certificate } from '../support/certificate.js'
import { collect, once, turns } from '../support/streams.js'
import { plaintextLockCases } from '../unwrap/shared/plaintext-lock.js'
import { leftOn, withCode } from '../unwrap/shared/taken-off.js'
import { memoryPair, over } from './memory.js'
import { streamSides } from './pair.js'
import { wrappedWays } from './wrapped.js'

plaintextLockCases(wrappedWays(streamSides.filter(({ name }) => name === 'own')))

const refused = withCode('ERR_PLAINTEXT_UNDER_TLS')

describe('over a Duplex of the program', () => {
  test('a write is refused, in the handshake too; an end() that comes in it waits for it', async () => {
    const [near, far] = memoryPair()
    const [client, server] = over([near, far])
    const early = new Promise((resolve) => near.write('plaintext', resolve))
    near.end()
    const [atClient, atServer] = [collect(client), collect(server)]
    expect(await early).toMatchObject(refused)
    expect(await atServer).toMatchObject({ ended: true, error: undefined })
    expect(await atClient).toMatchObject({ ended: true, error: undefined })
    expect(await client.report).toMatchObject({ verdict: 'clean' })
  })

  test('a transport that runs the program while it takes what TLS writes', async () => {
    const answers: unknown[] = []
    const reached: Buffer[] = []
    const transport: Duplex = new Duplex({
      allowHalfOpen: true,
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        reached.push(chunk)
        transport.write('plaintext', (error) => answers.push(error))
        done()
      },
    })
    const context = createContext('client', { ca: certificate.cert })
    const stream = new TlsStream(transport, { context, servername: certificate.host })
    await turns(3)
    expect(answers).toMatchObject([refused])
    // The ClientHello alone.
    expect(reached.map((bytes) => bytes[0])).toEqual([22])
    stream.destroy()
  })

  test('TLS in TLS: the inner stream takes what the outer one writes, and nothing else', async () => {
    const pair = memoryPair()
    const inner = over(pair)
    const [client, server] = over(inner)
    await Promise.all([once(client, 'secure'), once(server, 'secure')])
    expect(await new Promise((resolve) => inner[0].write('plaintext', resolve))).toMatchObject(refused)
    const atServer = collect(server)
    client.resume().end('in both')
    expect((await atServer).bytes.toString()).toBe('in both')
  })

  test('nothing of ours is left when it is unwrapped, nor when the stream is destroyed', async () => {
    const pair = memoryPair()
    // Their makers have given them some of their own.
    const own = pair.map(leftOn)
    const ends = over(pair)
    expect(pair.map(leftOn)).not.toEqual(own)
    await Promise.all(ends.map((end) => once(end.resume(), 'secure')))
    await Promise.all(ends.map((end) => end.unwrap()))
    expect(pair.map(leftOn)).toEqual(own)
    const second = memoryPair()
    for (const end of over(second)) end.on('error', () => undefined).destroy()
    await turns(1)
    expect(second.map(leftOn)).toEqual(own)
  })
})
