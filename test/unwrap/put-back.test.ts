// Where startTls() throws, the net.Socket is as it was, at once: the program can say so in the clear, and go on or try anew.
import { describe, expect, onTestFinished, test } from 'vitest'
import { startTls, type StartTlsOptions } from '../../lib/index.js'
import { tcpPair } from '../closure/tls-over.js'
import { certificate } from '../support/certificate.js'
import { once, turns } from '../support/streams.js'
import { listenersOf, optionsOf, textOf, until } from './started.js'

// Node refuses them before TLS is there, and when it is.
const refused: readonly { readonly what: string; readonly options: StartTlsOptions }[] = [
  { what: 'a key that is none', options: { isServer: true, cert: 'no certificate', key: 'no key' } },
  {
    what: 'a session that is none',
    // @ts-expect-error: not a Buffer
    options: { ca: certificate.cert, servername: 'localhost', session: {} },
  },
]

describe.each(refused)('$what', ({ options }) => {
  test.each([false, true])('the net.Socket is as it was, paused: %s', async (isPaused) => {
    const { near, far } = await tcpPair()
    const there = textOf(far)
    const here = textOf(near)
    if (isPaused) near.pause()
    const before = listenersOf(near)
    expect(() => startTls(near, options)).toThrow()
    expect(listenersOf(near)).toEqual(before)
    near.write('454 TLS not available')
    far.write('QUIT')
    await until(() => there.text !== '')
    expect(there.text).toBe('454 TLS not available')
    if (isPaused) {
      await turns(20)
      expect([near.isPaused(), here.text]).toEqual([true, ''])
      near.resume()
    }
    await until(() => here.text === 'QUIT')
    expect(near.destroyed).toBe(false)
  })
})

test('startTls() again, in the same tick', async () => {
  const { near, far } = await tcpPair()
  expect(() => startTls(near, { isServer: true, cert: 'no certificate', key: 'no key' })).toThrow()
  const { socket } = startTls(near, optionsOf({ version: 'TLSv1.3', near: 'server' }))
  const other = startTls(far, optionsOf({ version: 'TLSv1.3', near: 'client' }))
  for (const each of [socket, other.socket]) onTestFinished(() => void each.on('error', () => undefined).destroy())
  await Promise.all([socket, other.socket].map((each) => once(each, 'secureConnect')))
})
