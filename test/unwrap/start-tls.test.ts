// startTls(): TLS on a net.Socket is as Node's own on it, the net.Socket is kept from others, and what cannot be is refused.
import { connect, createServer, Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf, startTls, type StartTlsOptions } from '../../lib/index.js'
import { listen } from '../closure/servers.js'
import { text, withCode } from '../closure/sides.js'
import { connectingPair, tcpPair } from '../closure/tls-over.js'
import { certificate, otherCertificate } from '../support/certificate.js'
import { once, readExactly, turns } from '../support/streams.js'
import { ample, listenersOf, optionsOf, type StartedSide, started, startedSides, textOf, until } from './started.js'

interface Both {
  readonly near: ReturnType<typeof startTls>
  readonly far: ReturnType<typeof startTls>
  readonly nearTcp: Socket
  readonly farTcp: Socket
}

/** startTls() on both ends of a connection. */
async function bothStarted(side: StartedSide): Promise<Both> {
  const { near: nearTcp, far: farTcp } = await tcpPair()
  const near = startTls(nearTcp, optionsOf(side))
  const far = startTls(farTcp, optionsOf({ ...side, near: side.near === 'client' ? 'server' : 'client' }))
  for (const { socket } of [near, far]) onTestFinished(() => void socket.on('error', () => undefined).destroy())
  await Promise.all([near, far].map(({ socket }) => once(socket, 'secureConnect')))
  await turns(5)
  return { near, far, nearTcp, farTcp }
}

describe.each(startedSides)('$version, our side is the $near', (side) => {
  test('it has the addresses and the settings of the net.Socket, until it is unwrapped', async () => {
    const { tcp, socket, unwrap, peer } = await started(side)
    const { remoteAddress, remotePort, remoteFamily, localAddress, localPort, localFamily } = tcp
    const addresses = { remoteAddress, remotePort, remoteFamily, localAddress, localPort, localFamily }
    expect(remotePort).toBeGreaterThan(0)
    expect(socket).toMatchObject(addresses)
    expect(socket.address()).toEqual(tcp.address())
    for (const name of ['setNoDelay', 'setKeepAlive', 'ref', 'unref'] as const) {
      let called = 0
      const original = tcp[name].bind(tcp)
      Object.defineProperty(tcp, name, {
        configurable: true,
        value: () => {
          called++
          return original()
        },
      })
      expect(socket[name]()).toBe(socket)
      expect(called, name).toBe(1)
      Reflect.deleteProperty(tcp, name)
    }
    tcp.ref()
    const unwrapped = unwrap(ample)
    socket.resume()
    await peer.until(() => peer.isClosed)
    peer.send(peer.closeNotify())
    await unwrapped
    expect(socket.remoteAddress).toBeUndefined()
    expect(tcp).toMatchObject(addresses)
  })

  test("setTimeout() of the TLSSocket tells of TLS's silence", async () => {
    const { socket, peer } = await started(side)
    const events: string[] = []
    socket.on('timeout', () => events.push('timeout')).on('data', () => events.push('data'))
    socket.setTimeout(300)
    peer.send(peer.sealed('x'))
    await once(socket, 'timeout')
    expect(events).toEqual(['data', 'timeout'])
    socket.setTimeout(0)
  })

  test('both directions carry much, against back-pressure, record for record', async () => {
    const { near, far } = await bothStarted(side)
    const large = Buffer.alloc(6_000_000, 'abcdefg')
    const read = [near, far].map(({ socket }) => {
      socket.pause()
      return text(socket)
    })
    for (const { socket } of [near, far]) {
      socket.write(large.subarray(0, 70_001))
      socket.write(large.subarray(70_001, 70_002))
      expect(socket.write(large.subarray(70_002))).toBe(false)
    }
    await turns(20)
    expect(near.socket.bytesRead).toBeLessThan(large.length)
    for (const { socket } of [near, far]) socket.end()
    for (const { socket } of [near, far]) socket.resume()
    for (const { text, ended } of await Promise.all(read)) {
      expect(ended).toBe(true)
      expect(text === String(large)).toBe(true)
    }
  })

  test('half-close: the other direction goes on', async () => {
    const { near, far } = await bothStarted(side)
    near.socket.end('request')
    const request = textOf(far.socket)
    await once(far.socket, 'end')
    far.socket.end('response')
    const response = textOf(near.socket)
    await once(near.socket, 'close')
    expect([request.text, response.text]).toEqual(['request', 'response'])
  })

  test('text that others have the net.Socket hand out ends the connection, for it has lost bytes', async () => {
    const { tcp, socket, peer, errors } = await started(side)
    tcp.setEncoding('utf8')
    socket.resume()
    peer.send(peer.sealed('x'))
    await until(() => socket.destroyed)
    expect(errors).toMatchObject([withCode('ERR_CLOSURE_INVALID_ARGUMENT')])
  })

  test('what came before startTls() is the beginning of TLS', async () => {
    const { near, far } = await tcpPair()
    const other = side.near === 'client' ? 'server' : 'client'
    const farSide = startTls(far, optionsOf({ ...side, near: other }))
    farSide.socket.on('error', () => undefined)
    await turns(20)
    near.read(0)
    const { socket } = startTls(near, optionsOf(side))
    await Promise.all([socket, farSide.socket].map((each) => once(each, 'secureConnect')))
    socket.destroy()
  })

  test('a net.Socket that connects later', async () => {
    const { near, far } = await connectingPair()
    expect(near.connecting).toBe(true)
    const { socket } = startTls(near, optionsOf(side))
    const other = side.near === 'client' ? 'server' : 'client'
    const events: string[] = []
    socket.on('connect', () => events.push('connect')).on('secureConnect', () => events.push('secureConnect'))
    const farSide = startTls(await far, optionsOf({ ...side, near: other }))
    await Promise.all([socket, farSide.socket].map((each) => once(each, 'secureConnect')))
    expect(events).toEqual(['connect', 'secureConnect'])
    expect(socket.remotePort).toBe(near.remotePort)
    socket.destroy()
    farSide.socket.destroy()
  })

  test('a net.Socket that never connects: the TLSSocket has its error', async () => {
    const server = createServer()
    const port = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    const tcp = connect({ port, host: '127.0.0.1' })
    const { socket } = startTls(tcp, optionsOf(side))
    await expect(once(socket, 'secureConnect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await until(() => socket.destroyed && tcp.destroyed)
    await turns(3)
    expect(Object.hasOwn(tcp, 'write')).toBe(false)
  })

  test('a handshake that fails ends both, and tells why', async () => {
    const { near, far } = await tcpPair()
    const { socket } = startTls(near, optionsOf(side))
    const failed = once(socket, 'secureConnect')
    far.resume().write('this is no TLS at all\r\n')
    await expect(failed).rejects.toThrow(/wrong version number|packet length too long/)
    await until(() => near.destroyed && socket.destroyed)
    expect(await closureOf(socket).report).toMatchObject({ handshake: 'not-completed' })
  })

  // Both modes of the end that ragged-EOF tests of others cross, on each side.
  describe.each(['close_notify', 'FIN alone', 'RST'] as const)('the peer ends by %s', (end) => {
    test.each(['end', 'unwrap', 'destroy'] as const)('and we by %s', async (ours) => {
      const tls = await started(side)
      const read = textOf(tls.socket)
      const closed = new Promise((resolve) => tls.socket.once('close', resolve))
      tls.peer.send(tls.peer.sealed('last words'))
      await until(() => read.text !== '')
      const unwrapped = ours === 'unwrap' ? tls.unwrap(ample) : undefined
      const outcome = unwrapped?.then(
        () => 'unwrapped',
        (error: unknown) => (error instanceof Error ? error.name : 'not an error'),
      )
      if (ours === 'end') tls.socket.end()
      if (ours === 'destroy') tls.socket.destroy()
      else await tls.peer.until(() => tls.peer.isClosed)
      if (end === 'close_notify') tls.peer.send(tls.peer.closeNotify())
      if (end === 'RST') tls.far.resetAndDestroy()
      else if (end === 'FIN alone' || ours !== 'unwrap') tls.far.end()
      expect(await outcome).toBe(ours !== 'unwrap' ? undefined : end === 'close_notify' ? 'unwrapped' : 'UnwrapError')
      await closed
      const { verdict } = await closureOf(tls.socket).report
      const verdicts = {
        close_notify: { end: 'clean', unwrap: 'clean', destroy: 'aborted' },
        'FIN alone': { end: 'unanswered', unwrap: 'unanswered', destroy: 'aborted' },
        RST: { end: 'reset', unwrap: 'reset', destroy: 'aborted' },
      } as const
      expect(verdict).toBe(verdicts[end][ours])
      expect(tls.tcp.destroyed).toBe(!(ours === 'unwrap' && end === 'close_notify'))
    })
  })
})

describe('refused', () => {
  const client = { rejectUnauthorized: false } as const

  test('what is no net.Socket, and one that cannot carry TLS any more', async () => {
    const refusal = (socket: unknown, options: unknown = client): unknown => {
      try {
        Reflect.apply(startTls, undefined, [socket, options])
      } catch (error) {
        return error
      }
      return undefined
    }
    const invalid = withCode('ERR_CLOSURE_INVALID_ARGUMENT')
    for (const socket of [undefined, {}, new Map(), new Socket()]) expect(refusal(socket)).toMatchObject(invalid)
    const { near, far } = await tcpPair()
    expect(refusal(near, null)).toMatchObject(invalid)
    const withOnread = connect({
      port: await listen(createServer((socket) => void socket.destroy())),
      host: '127.0.0.1',
      onread: { buffer: Buffer.alloc(100), callback: () => true },
    })
    withOnread.on('error', () => undefined)
    expect(refusal(withOnread)).toMatchObject(invalid)
    withOnread.destroy()
    near.destroy()
    expect(refusal(near)).toMatchObject(withCode('ERR_CLOSURE_CLOSED'))
    far.destroy()
  })

  test('a second TLS on the same net.Socket', async () => {
    const tls = await started({ version: 'TLSv1.3', near: 'client' })
    expect(() => startTls(tls.tcp, client)).toThrow('unwrap it first')
  })

  test('a client that does not say whom it expects, and a certificate that cannot be used: the net.Socket is as it was', async () => {
    const { near } = await tcpPair()
    near.on('data', () => undefined)
    const before = listenersOf(near)
    const wrong: readonly StartTlsOptions[] = [
      { ca: certificate.cert },
      { isServer: true, cert: 'no certificate', key: 'no key' },
    ]
    for (const options of wrong) {
      expect(() => startTls(near, options)).toThrow()
      await turns(2)
      expect(listenersOf(near)).toEqual(before)
      expect(Object.hasOwn(near, 'write')).toBe(false)
    }
    expect(near.destroyed).toBe(false)
  })

  test('a server whose certificate is of another name, or of nobody that is trusted', async () => {
    const { key, cert } = certificate
    for (const options of [
      { ca: cert, servername: 'other.test' },
      { ca: otherCertificate.cert, servername: 'localhost' },
    ]) {
      const { near, far } = await tcpPair()
      const { socket } = startTls(near, options)
      startTls(far, { isServer: true, key, cert }).socket.on('error', () => undefined)
      await expect(once(socket, 'secureConnect')).rejects.toBeInstanceOf(Error)
      await until(() => near.destroyed)
    }
  })

  test('a client without a certificate that the server trusts; one that has it is authorized', async () => {
    const { key, cert, host: servername } = certificate
    for (const [identity, isFine] of [
      [{}, false],
      [{ key: otherCertificate.key, cert: otherCertificate.cert }, false],
      [{ key, cert }, true],
    ] as const) {
      const { near, far } = await tcpPair()
      const server = startTls(near, { isServer: true, key, cert, ca: cert, requestCert: true })
      const other = startTls(far, { ca: cert, servername, ...identity })
      other.socket.on('error', () => undefined)
      const secured = once(server.socket, 'secureConnect')
      if (isFine) {
        await secured
        expect(server.socket.authorized).toBe(true)
      } else await expect(secured).rejects.toBeInstanceOf(Error)
      server.socket.destroy()
      await until(() => near.destroyed)
    }
  })
})

test('TLS within TLS: the outer one goes on after unwrap()', async () => {
  const { near, far } = await tcpPair()
  const { cert, host: servername, key } = certificate
  const outer = {
    client: connectTls({ socket: near, ca: cert, servername }),
    server: new TLSSocket(far, { isServer: true, key, cert }),
  }
  await once(outer.client, 'secureConnect')
  const inner = [
    startTls(outer.client, optionsOf({ version: 'TLSv1.3', near: 'client' })),
    startTls(outer.server, optionsOf({ version: 'TLSv1.3', near: 'server' })),
  ]
  await Promise.all(inner.map(({ socket }) => once(socket.resume(), 'secureConnect')))
  await turns(5)
  expect(await Promise.all(inner.map(({ unwrap }) => unwrap(ample)))).toEqual([outer.client, outer.server])
  outer.client.write('still encrypted once')
  expect(String(await readExactly(outer.server, 20))).toBe('still encrypted once')
  outer.client.destroy()
  outer.server.destroy()
})
