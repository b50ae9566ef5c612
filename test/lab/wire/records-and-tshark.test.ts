// What the lab's wire says of its peer, held against tshark's reading of the bytes that a relay between two wires kept.
// test/openssl/records-and-tshark.test.ts says how to run it.
import { once } from 'node:events'
import net from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Forger } from '../../../lib/lab/wire/forger.js'
import { clientWire, type Seen, Wire } from '../../../lib/lab/wire/wire.js'
import { loadOpenSSL } from '../../../lib/openssl/index.js'
import type { Side } from '../../../lib/tls/records.js'
import { certificate } from '../../support/certificate.js'
import { lacks } from '../../support/peers/programs.js'
import type { Sent } from '../../support/pcap.js'
import { readByTshark, type TsharkConnection } from '../../support/tshark.js'
import { type TlsVersion, tlsVersions } from '../../support/pair.js'

const cert = certificate.cert
const openssl = loadOpenSSL()
// For what comes at once, or never.
const patience = 5000

interface Ends {
  readonly client: Actor
  readonly server: Actor
}

interface Actor {
  readonly wire: Wire
  alert(level: 'warning' | 'fatal', name: string): void
}

/** Who does what, and what both have seen in the end. */
const closings: Readonly<Record<string, (ends: Ends) => void>> = {
  'close_notify and FIN': ({ client }) => {
    client.wire.closeNotify()
    client.wire.fin()
  },
  'close_notify alone': ({ client }) => void client.wire.closeNotify(),
  'close_notify and FIN of the server behind data': ({ server }) => {
    server.wire.write(Buffer.alloc(40_000))
    server.wire.closeNotify()
    server.wire.fin()
  },
  'close_notify and FIN of both': ({ client, server }) => {
    for (const { wire } of [client, server]) {
      wire.closeNotify()
      wire.fin()
    }
  },
  'FIN without close_notify': ({ client }) => {
    client.wire.write(Buffer.from('and cut off'))
    client.wire.fin()
  },
  'user_canceled, close_notify, FIN': ({ server }) => {
    server.alert('warning', 'user_canceled')
    server.wire.closeNotify()
    server.wire.fin()
  },
  'a fatal alert and FIN': ({ client }) => {
    client.alert('fatal', 'internal_error')
    client.wire.fin()
  },
  'nothing at all': () => {},
}

describe.skipIf(lacks('tshark')).each(tlsVersions)('what a wire saw is what tshark reads, %s', (version) => {
  test.each(Object.entries(closings))('%s', async (_name, close) => {
    const { ends, sent, keylog } = await connected(version)
    close(ends)
    await settled(() => [sent.length, ends.client.wire.seen, ends.server.wire.seen])
    const [seen] = await readByTshark([{ sent, keylog }])
    expect(factsOf(ends.server.wire.seen)).toEqual(factsByTshark(seen, 'client'))
    expect(factsOf(ends.client.wire.seen)).toEqual(factsByTshark(seen, 'server'))
  })
})

interface Facts {
  readonly bytes: number
  readonly closeNotify: boolean
  readonly userCanceled: boolean
  readonly fatalAlert: string | undefined
  readonly fin: boolean
}

function factsOf({ bytes, closeNotifyAt, userCanceledAt, fatalAlert, finAt }: Seen): Facts {
  return {
    bytes,
    closeNotify: closeNotifyAt !== undefined,
    userCanceled: userCanceledAt !== undefined,
    fatalAlert: fatalAlert?.name,
    fin: finAt !== undefined,
  }
}

function factsByTshark(connection: TsharkConnection | undefined, from: Side): Facts {
  const contents = (connection?.records ?? []).flatMap((record) => (record.from === from ? [record.content] : []))
  const alerts = contents.flatMap((content) => (content.kind === 'alert' ? [content] : []))
  return {
    bytes: contents.reduce((sum, content) => sum + (content.kind === 'data' ? content.bytes.length : 0), 0),
    closeNotify: alerts.some(({ name }) => name === 'close_notify'),
    userCanceled: alerts.some(({ name }) => name === 'user_canceled'),
    fatalAlert: alerts.find(({ level }) => level === 'fatal')?.name,
    fin: connection?.fins.includes(from) ?? false,
  }
}

/** Two wires behind the handshake, with a relay between them that keeps all bytes in order. */
async function connected(version: TlsVersion) {
  const sent: Sent[] = []
  const keylog: string[] = []
  const range = { minVersion: version, maxVersion: version, keylog: true } as const
  const contexts = {
    client: openssl.createContext({ side: 'client', ca: cert, verify: 'peer', ...range }),
    server: openssl.createContext({ side: 'server', cert, key: certificate.key, ...range }),
  }
  const forgers = { client: new Forger('client'), server: new Forger('server') }
  const tapOf = (side: Side) => ({
    keylog: (line: string) => {
      if (side === 'client') keylog.push(line)
      for (const forger of Object.values(forgers)) forger.keylog(line)
    },
    received: (bytes: Buffer) => forgers[side].received(bytes),
    sent: (bytes: Buffer) => forgers[side].sent(bytes),
  })
  const accepted = await listening()
  const relay = await listening()
  const client = await connecting(relay.port)
  const [fromClient, toServer] = [await relay.next(), await connecting(accepted.port)]
  pipe(fromClient, toServer, 'client', sent)
  pipe(toServer, fromClient, 'server', sent)
  const server = new Wire(await accepted.next(), contexts.server.createSsl(), { tap: tapOf('server') })
  const wires = {
    server,
    client: clientWire(client, contexts.client, { servername: 'localhost', tap: tapOf('client') }),
  }
  onTestFinished(() => {
    for (const wire of Object.values(wires)) wire.destroy()
    for (const context of Object.values(contexts)) context.free()
  })
  const done = await Promise.all(Object.values(wires).map((wire) => wire.handshake(patience)))
  if (done.includes(false)) throw new Error('The handshake was not completed')
  const actor = (side: Side): Actor => ({
    wire: wires[side],
    alert: (level, name) => void wires[side].raw(forgers[side].forge({ type: 'alert', level, name })),
  })
  return { sent, keylog, ends: { client: actor('client'), server: actor('server') } }
}

async function listening() {
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  const sockets: net.Socket[] = []
  server.on('connection', (socket) => sockets.push(kept(socket)))
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a port')
  return {
    port: address.port,
    async next(): Promise<net.Socket> {
      if (sockets.length === 0) await once(server, 'connection')
      const [socket] = sockets
      if (socket === undefined) throw new Error('Expected a connection')
      return socket
    },
  }
}

async function connecting(port: number): Promise<net.Socket> {
  const socket = kept(net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }))
  await once(socket, 'connect')
  return socket
}

function kept(socket: net.Socket): net.Socket {
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  return socket
}

function pipe(source: net.Socket, destination: net.Socket, from: Side, sent: Sent[]): void {
  source.on('data', (bytes: Buffer) => {
    sent.push({ from, bytes })
    destination.write(bytes)
  })
  source.on('end', () => {
    sent.push({ from, bytes: Buffer.alloc(0), fin: true })
    destination.end()
  })
  source.resume()
}

/** Until nothing has changed for a while. */
async function settled(state: () => unknown): Promise<void> {
  let before = ''
  for (let calm = 0; calm < 5; ) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    const now = JSON.stringify(state())
    calm = now === before ? calm + 1 : 0
    before = now
  }
}
