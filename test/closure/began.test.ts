// `began`: whose act of closing was seen first, also where the program acts beneath TLS.
import { once } from 'node:events'
import net from 'node:net'
import tls, { TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { certificate } from '../support/certificate.js'
import { tlsVersions } from '../support/pair.js'
import { collect } from '../support/streams.js'

const acts = {
  'the TCP socket beneath is ended': (raw: net.Socket) => void raw.end(),
  'the TCP socket beneath is ended by destroySoon()': (raw: net.Socket) => raw.destroySoon(),
  'the TCP socket beneath is destroyed': (raw: net.Socket) => void raw.destroy(),
  'the TCP socket beneath is reset': (raw: net.Socket) => void raw.resetAndDestroy(),
} as const

describe.each(tlsVersions)('%s', (version) => {
  describe.each(['client', 'server'] as const)('our side is the %s', (side) => {
    test.each(Object.entries(acts))('%s: the program began', async (_name, act) => {
      const { near, far, raw } = await overRawSockets(version, side)
      const { report } = closureOf(near.on('error', () => undefined).resume())
      const ended = collect(far)
      far.resume()
      act(raw)
      await ended
      near.destroy()
      expect((await report).began).toBe('local')
    })

    test('the peer ends its TCP first: the peer began', async () => {
      const { near, far, raw } = await overRawSockets(version, side)
      const { report } = closureOf(near.on('error', () => undefined).resume())
      far.destroy()
      await new Promise((resolve) => near.once('close', resolve))
      raw.destroy()
      expect((await report).began).toBe('peer')
    })
  })
})

/** A connection whose ends are both made on a TCP socket of the program's own. */
async function overRawSockets(version: 'TLSv1.2' | 'TLSv1.3', side: 'client' | 'server') {
  const { key, cert } = certificate
  const listener = net.createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void listener.close())
  await once(listener, 'listening')
  const address = listener.address()
  const clientRaw = net.connect(address !== null && typeof address === 'object' ? address.port : 0, '127.0.0.1')
  const accepted: unknown[] = await once(listener, 'connection')
  const [serverRaw] = accepted
  if (!(serverRaw instanceof net.Socket)) throw new Error('Expected a socket')
  const secureContext = tls.createSecureContext({ key, cert, minVersion: version, maxVersion: version })
  const server = new TLSSocket(serverRaw, { isServer: true, secureContext })
  const client = tls.connect({ socket: clientRaw, ca: cert, servername: certificate.host })
  for (const socket of [client, server, clientRaw, serverRaw]) socket.on('error', () => undefined)
  onTestFinished(() => {
    client.destroy()
    server.destroy()
  })
  await Promise.all([once(client, 'secureConnect'), once(server, 'secure')])
  await new Promise(setImmediate)
  return side === 'client'
    ? { near: client, far: server, raw: clientRaw }
    : { near: server, far: client, raw: serverRaw }
}
