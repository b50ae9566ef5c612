// user_canceled, and the close_notify that RFC 8446 section 6.1 wants behind it: OpenSSL 3.2 and newer keeps that
// close_notify from Node in TLS 1.3. The gate hides TCP's end behind a close_notify, so that it has to tell Node.
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf, type StartedTls, startTls } from '../../lib/index.js'
import { clientOf, listen } from '../closure/servers.js'
import { closeNotify, closeNotifyAndFin } from '../closure/sides.js'
import { certificate } from '../support/certificate.js'
import { startRelay } from '../support/relay.js'
import { once, turns } from '../support/streams.js'
import { alertRecord } from '../support/tampering.js'
import type { Side, Wire } from '../support/wire.js'
import { ample, optionsOf, type StartedSide, startedSides } from './started.js'

const flight = [alertRecord('warning', 'user_canceled'), alertRecord('warning', 'close_notify')]

interface Relayed extends StartedTls {
  readonly tcp: Socket
  readonly wire: Wire
  readonly far: Side
}

/** Our end, a relay that can speak in the peer's name, and a peer of stock Node that says nothing by itself. */
async function relayed(side: StartedSide): Promise<Relayed> {
  const { version, near } = side
  const versions = { minVersion: version, maxVersion: version } as const
  const { key, cert } = certificate
  const server: Server =
    near === 'server'
      ? createServer()
      : createTlsServer({ key, cert, allowHalfOpen: true, ...versions }, (socket) => {
          socket.on('error', () => undefined).resume()
        })
  const relay = await startRelay({ port: await listen(server), onRecord: () => 'pass' })
  onTestFinished(relay.close)
  server.on('keylog', (line: Buffer) => relay.keys.add(line))
  const { port } = relay
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  if (near === 'server') clientOf(port, { allowHalfOpen: true, ...versions }).resume()
  const tcp = near === 'server' ? await accepted : connect({ port, host: '127.0.0.1' })
  const tls = startTls(tcp, optionsOf(side))
  tls.socket.on('error', () => undefined)
  if (near === 'server') tls.socket.on('keylog', (line: Buffer) => relay.keys.add(line))
  onTestFinished(() => void tls.socket.destroy())
  await once(tls.socket, 'secureConnect')
  const wire = await relay.nextWire()
  tls.socket.write('hello')
  await wire.seen(near, 'data 5')
  await turns(5)
  return { ...tls, tcp, wire, far: near === 'client' ? 'server' : 'client' }
}

describe.each(startedSides)('$version, our side is the $near', (side) => {
  test('where nobody unwraps, it ends the stream, and is answered as in stock Node', async () => {
    const { socket, wire, far } = await relayed(side)
    const ended = once(socket.resume(), 'end')
    wire.send(far, flight)
    await ended
    await wire.seen(side.near, 'fin')
    expect(wire.closing(side.near)).toEqual(closeNotifyAndFin)
  })

  test.each(['the peer', 'we'])('unwrap() meets it: %s begin', async (who) => {
    const { tcp, socket, unwrap, wire, far } = await relayed(side)
    socket.resume()
    const unwrapped = who === 'we' ? unwrap(ample) : once(socket, 'end').then(() => unwrap(ample))
    if (who === 'we') await wire.seen(side.near, closeNotify)
    wire.send(far, flight)
    expect(await unwrapped).toBe(tcp)
    expect(wire.closing(side.near)).toEqual([closeNotify])
    const received = { kind: 'close_notify', userCanceledFirst: true }
    expect(await closureOf(socket).report).toMatchObject({ verdict: 'clean', received })
    tcp.destroy()
  })
})
