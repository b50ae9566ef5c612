import type { Duplex } from 'node:stream'
import { connect, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { certificate } from '../support/certificate.js'
import { type Pair, type TlsVersion, tlsVersions } from '../support/pair.js'
import { collect, once } from '../support/streams.js'
import type { Wire } from '../support/wire.js'
import { answering, deferred, pairFor, turns } from './pairs.js'
import { duplexOver, tcpTo, transports, type Transport } from './transports.js'

const cleanEnd = ['alert warning close_notify', 'fin']

interface OverDuplex {
  readonly socket: TLSSocket
  readonly server: TLSSocket
  readonly wire: Wire
  readonly pair: Pair
}

/** A client on a Duplex, on the server and relay of a pair. */
async function overDuplex(version: TlsVersion, transport: Transport): Promise<OverDuplex> {
  const accepted = deferred<TLSSocket>()
  let count = 0
  const pair = await pairFor({
    version,
    allowHalfOpen: true,
    serverOptions: { ALPNProtocols: ['x'], SNICallback: (_name, done) => done(null) },
  })
  Reflect.apply(Reflect.get(pair.server, 'server').on, Reflect.get(pair.server, 'server'), [
    'secureConnection',
    (socket: TLSSocket) => {
      if (count++ === 0) accepted.resolve(socket.on('error', () => undefined))
    },
  ])
  const duplex: Duplex = duplexOver(await tcpTo(pair.relay.port), transport)
  const socket = connect({ socket: duplex, ca: certificate.cert, servername: certificate.host, minVersion: version })
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'secureConnect')
  const server = await accepted.promise
  onTestFinished(() => void server.destroy())
  await turns(2)
  return { socket, server, wire: await pair.relay.nextWire(), pair }
}
