// Errors of the net.Socket: the TLSSocket tells of each once, and of none that stock Node has not.
import type { Socket } from 'node:net'
import { connect, TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startTls } from '../../lib/index.js'
import { tcpPair } from '../closure/tls-over.js'
import { certificate } from '../support/certificate.js'
import { delay, once, turns } from '../support/streams.js'
import { tlsVersions } from '../support/pair.js'
import { until } from './started.js'

const { key, cert, host: servername } = certificate

interface Ours {
  readonly socket: TLSSocket
  readonly tcp: Socket
  readonly peer: TLSSocket
  readonly far: Socket
  readonly errors: Error[]
}

describe.each(tlsVersions)('%s', (version) => {
  const versions = { minVersion: version, maxVersion: version } as const

  async function pairOf(which: 'startTls' | 'stock'): Promise<Ours> {
    const { near: tcp, far } = await tcpPair()
    const options = { ca: cert, servername, ...versions }
    const socket = which === 'stock' ? connect({ ...options, socket: tcp }) : startTls(tcp, options).socket
    const peer = new TLSSocket(far, { isServer: true, key, cert, ...versions })
    peer.on('error', () => undefined)
    for (const each of [socket, peer]) onTestFinished(() => void each.destroy())
    await once(socket, 'secureConnect')
    await turns(20)
    const errors: Error[] = []
    socket.on('error', (error: Error) => errors.push(error))
    return { socket, tcp, peer, far, errors }
  }

  test('RST that a write meets is one error', async () => {
    const { socket, tcp, peer, far, errors } = await pairOf('startTls')
    // Nobody reads, so that TCP is not read either.
    socket.pause()
    peer.write(Buffer.alloc(4_000_000))
    await delay(50)
    far.resetAndDestroy()
    while (!tcp.destroyed) {
      socket.write('x')
      await delay(5)
    }
    await until(() => socket.closed)
    await turns(5)
    expect(errors).toHaveLength(1)
    expect(String(errors[0])).toMatch(/ECONNRESET|EPIPE/)
  })

  test.each(['startTls', 'stock'] as const)('destroy() of the net.Socket behind end() is none, %s', async (which) => {
    for (const wait of [0, 1, 2, 3]) {
      const { socket, tcp, far, errors } = await pairOf(which)
      far.pause()
      socket.end('x')
      await turns(wait)
      tcp.destroy()
      await until(() => socket.closed)
      await turns(5)
      expect(errors, String(wait)).toEqual([])
    }
  })
})
