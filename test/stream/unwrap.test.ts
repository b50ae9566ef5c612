// The way back to plaintext: what the peer sends behind its close_notify is the program's, to the byte, in every cut.
import type { Duplex, Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { turns } from '../support/streams.js'
import { streamSides } from './pair.js'
import { tcpPair, wrap, wrapped } from './wrapped.js'

const withCode = (code: string): unknown => expect.objectContaining({ code })

/** The next bytes; the stream is paused behind them. */
async function take(stream: Readable, length: number): Promise<Buffer> {
  let bytes = Buffer.alloc(0)
  const add = (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
  }
  stream.on('data', add)
  stream.resume()
  while (bytes.length < length) await turns(1)
  stream.off('data', add)
  stream.pause()
  if (bytes.length > length) stream.unshift(bytes.subarray(length))
  return bytes.subarray(0, length)
}

describe.each(streamSides)('$name, $version, our side is the $near', (sides) => {
  test('plaintext in the segment of the close_notify is read first, and what is written is in the clear', async () => {
    const { local, end, ours } = await wrapped(sides)
    local.resume().write('bye')
    const unwrapped = local.unwrap({ waitTimeout: 30_000 })
    await end.until(() => end.isClosed)
    expect(end.data).toBe('bye')
    end.send(end.sealed('last words'), end.closeNotify(), '220 in the clear')
    const raw = await unwrapped
    expect(raw).toBe(ours)
    expect((await take(raw, 16)).toString()).toBe('220 in the clear')
    raw.write('USER')
    await end.until(() => end.plaintext === 'USER')
    end.send(' and on')
    expect((await take(raw, 7)).toString()).toBe(' and on')
    expect(await local.report).toMatchObject({ verdict: 'clean', surplusBytes: 16, tcp: { kind: 'open' } })
    expect(ours.listenerCount('data')).toBe(0)
  })

  test('the peer that closes first: before our own alert is out its plaintext is kept', async () => {
    const { local, end } = await wrapped(sides)
    const unwrapped = new Promise<Duplex>((resolve, reject) => {
      local.resume().once('end', () => {
        local.unwrap({ waitTimeout: 30_000 }).then(resolve, reject)
      })
    })
    end.send(end.closeNotify(), 'early ')
    await turns(3)
    end.send('and late')
    const raw = await unwrapped
    expect((await take(raw, 14)).toString()).toBe('early and late')
    await end.until(() => end.isClosed)
    expect(end.plaintext).toBe('')
  })

  test('cut at every byte, nothing is lost', async () => {
    const { local, end } = await wrapped(sides)
    local.resume()
    const unwrapped = local.unwrap({ waitTimeout: 30_000 })
    await end.until(() => end.isClosed)
    const bytes = Buffer.concat([end.closeNotify(), Buffer.from('clear')])
    for (const byte of bytes) {
      end.send(Buffer.from([byte]))
      await turns(2)
    }
    expect((await take(await unwrapped, 5)).toString()).toBe('clear')
  })

  test('a peer that never answers: nothing is handed back, and the stream is destroyed', async () => {
    const { local, ours } = await wrapped(sides)
    local.resume()
    await expect(local.unwrap({ waitTimeout: 100 })).rejects.toEqual(withCode('ERR_UNWRAP_TIMEOUT'))
    expect([local.destroyed, ours.destroyed]).toEqual([true, true])
    expect(await local.report).toMatchObject({ verdict: 'timed-out' })
  })

  test('onTimeout: reject keeps both, and a later call hands it back', async () => {
    const { local, end, ours } = await wrapped(sides)
    local.resume()
    await expect(local.unwrap({ waitTimeout: 100, onTimeout: 'reject' })).rejects.toEqual(
      withCode('ERR_UNWRAP_TIMEOUT'),
    )
    expect([local.destroyed, ours.destroyed]).toEqual([false, false])
    end.send(end.closeNotify(), 'at last')
    const raw = await local.unwrap({ waitTimeout: 30_000 })
    expect((await take(raw, 7)).toString()).toBe('at last')
  })

  test('a FIN, a RST and plaintext in place of the close_notify hand nothing back', async () => {
    for (const act of ['fin', 'rst', 'plaintext'] as const) {
      const { local, end } = await wrapped(sides)
      local.resume().on('error', () => undefined)
      const unwrapped = local.unwrap({ waitTimeout: 30_000 })
      await end.until(() => end.isClosed)
      if (act === 'fin') end.stream.end()
      else if (act === 'plaintext') end.send('220 no TLS any more\r\n')
      else if ('resetAndDestroy' in end.stream && typeof end.stream.resetAndDestroy === 'function')
        Reflect.apply(end.stream.resetAndDestroy, end.stream, [])
      await expect(unwrapped).rejects.toEqual(withCode('ERR_UNWRAP_FAILED'))
      expect(local.destroyed).toBe(true)
    }
  })
})

const own = streamSides.filter(({ name, near }) => name === 'own' && near === 'client')

test.each(own)('$version: wrapped and unwrapped ten times on one connection', async (sides) => {
  const { client, server } = await tcpPair()
  for (let round = 0; round < 10; round++) {
    const [ours, theirs] = [wrap(client, sides), wrap(server, { ...sides, near: 'server' })]
    ours.write(`round ${round}`)
    expect((await take(theirs, 7)).toString()).toBe(`round ${round}`)
    ours.resume()
    theirs.resume()
    await Promise.all([ours.unwrap(), theirs.unwrap()])
    client.write(`clear ${round}`)
    expect((await take(server, 7)).toString()).toBe(`clear ${round}`)
    expect(await ours.report).toMatchObject({ verdict: 'clean' })
  }
  expect([client.destroyed, server.destroyed]).toEqual([false, false])
})

test.each(own)('$version: unwrap twice, and unwrap during a write', async (sides) => {
  const { local, end, ours } = await wrapped(sides)
  local.resume().write(Buffer.alloc(4 * 1024 * 1024))
  const first = local.unwrap({ waitTimeout: 30_000 })
  const more = [
    local.unwrap(),
    local.unwrap({ waitTimeout: 30_000 }),
    local.unwrap({ onTimeout: 'destroy', waitTimeout: 30_000 }),
  ]
  const others = [{}, { waitTimeout: 29_999 }, { waitTimeout: 30_000, onData: 'fail' } as const]
  for (const options of others) {
    await expect(local.unwrap(options)).rejects.toEqual(withCode('ERR_CLOSURE_IN_PROGRESS'))
  }
  await end.until(() => end.isClosed)
  expect(end.data).toHaveLength(4 * 1024 * 1024)
  end.send(end.closeNotify())
  expect(await Promise.all([first, ...more])).toEqual([ours, ours, ours, ours])
  await expect(local.unwrap()).rejects.toEqual(withCode('ERR_CLOSURE_CLOSED'))
})

test.each(own)('$version: unwrap twice, and it fails for both', async (sides) => {
  const { local } = await wrapped(sides)
  local.resume()
  const both = [local.unwrap({ waitTimeout: 100, onTimeout: 'reject' }), local.unwrap()]
  const [one, other] = await Promise.all(both.map((outcome) => outcome.catch((error: unknown) => error)))
  expect(one).toEqual(withCode('ERR_UNWRAP_TIMEOUT'))
  expect([other, local.destroyed]).toEqual([one, false])
  // What comes then is a first call again.
  await expect(local.unwrap({ waitTimeout: 50 })).rejects.toEqual(withCode('ERR_UNWRAP_TIMEOUT'))
  expect(local.destroyed).toBe(true)
})
