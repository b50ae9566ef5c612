// What stands behind the peer's close_notify is the program's, whatever comes next to it.
import { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createContext, loadOpenSSL, TlsStream } from '../../lib/stream/index.js'
import { certificate } from '../support/certificate.js'
import { EngineEnd } from '../support/engine-end.js'
import { collect, once, turns } from '../support/streams.js'
import { streamSides } from './pair.js'
import { wrapped } from './wrapped.js'

describe.each(streamSides)('$name, $version, our side is the $near', (sides) => {
  test('close_notify, plaintext and FIN at once: the plaintext is handed back before the end', async () => {
    const { local, end } = await wrapped(sides)
    const unwrapped = new Promise<Duplex>((resolve, reject) => {
      local.resume().once('end', () => {
        local.unwrap({ waitTimeout: 30_000 }).then(resolve, reject)
      })
    })
    end.stream.end(Buffer.concat([end.closeNotify(), Buffer.from('221 goodbye')]))
    expect(await text(await unwrapped)).toBe('221 goodbye')
    expect(await local.report).toMatchObject({ verdict: 'clean', surplusBytes: 11 })
  })

  test('unwrap() of a stream that nobody reads gives the transport back and closes the stream', async () => {
    const { local, end, ours } = await wrapped(sides)
    const closed = once(local, 'close')
    const unwrapped = local.unwrap({ waitTimeout: 30_000 })
    await end.until(() => end.isClosed)
    end.send(end.closeNotify())
    expect(await unwrapped).toBe(ours)
    await closed
    expect(ours.destroyed).toBe(false)
  })
})

test('after an unwrap() that was not answered in time a FIN alone is an error again', async () => {
  const [sides] = streamSides
  if (sides === undefined) throw new Error('expected a library')
  const { local, end } = await wrapped(sides)
  const ending = collect(local)
  const options = { waitTimeout: 50, onData: 'discard', onTimeout: 'reject' } as const
  await expect(local.unwrap(options)).rejects.toThrow('did not come in time')
  end.stream.end()
  expect(await ending).toMatchObject({ ended: false, error: { code: 'ERR_TLS_TRUNCATED' } })
})

test('a context that reads ahead is refused', () => {
  const context = loadOpenSSL().createContext({ side: 'server', readAhead: true })
  const transport = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  expect(() => new TlsStream(transport, { context })).toThrow('an SslContext without readAhead')
})

test('a listener that throws costs nothing of what came with its data', async () => {
  const ends: Duplex[] = []
  const make = (other: () => Duplex | undefined) =>
    new Duplex({
      allowHalfOpen: true,
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        try {
          other()?.push(chunk)
        } finally {
          done()
        }
      },
    })
  const tcp = make(() => ends[1])
  const far = make(() => ends[0])
  ends.push(tcp, far)
  const { cert: ca, host: servername } = certificate
  const context = createContext('client', { ca })
  const local = new TlsStream(tcp, { context, servername })
  onTestFinished(() => void local.destroy())
  const end = new EngineEnd(far, { side: 'server', version: 'TLSv1.3' })
  await once(local, 'secure')
  const ended = once(local, 'end')
  local.once('data', () => {
    throw new Error('mine')
  })
  await turns(1)
  expect(() => end.send(end.sealed('data'), end.closeNotify(), 'clear')).toThrow('mine')
  await ended
  local.destroy()
  expect(await local.report).toMatchObject({ received: { kind: 'close_notify' }, surplusBytes: 5 })
})
