/** What came while this process was busy for longer than it was waited for is seen: a probe does not call its server silent. */
import net from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { clientWire, type Wire } from '../../../lib/lab/wire/wire.js'
import { loadOpenSSL } from '../../../lib/openssl/index.js'
import { listen } from '../../closure/servers.js'
import { block } from '../../support/block.js'
import { certificate } from '../../support/certificate.js'
import { once } from '../../support/streams.js'
import { tlsVersions } from '../../support/pair.js'

const patience = 5000
const short = 300

test.each(tlsVersions)("the server's close_notify, %s", async (version) => {
  const { key, cert } = certificate
  const server = tls.createServer({ key, cert, minVersion: version, maxVersion: version })
  const accepted = new Promise<TLSSocket>((resolve) => server.once('secureConnection', resolve))
  const wire = await connected(server)
  const socket = await accepted
  onTestFinished(() => void socket.destroy())
  const seen = wire.until(() => wire.seen.closeNotifyAt !== undefined, short)
  const written = once(socket, 'finish')
  socket.end()
  await written
  block(short)
  expect(await seen).toBe(true)
})

async function connected(server: tls.Server): Promise<Wire> {
  const tcp = net.connect({ port: await listen(server), host: '127.0.0.1', allowHalfOpen: true })
  await once(tcp, 'connect')
  const context = loadOpenSSL().createContext({ side: 'client', ca: certificate.cert, verify: 'peer' })
  const wire = clientWire(tcp, context, { servername: 'localhost' })
  onTestFinished(() => {
    wire.destroy()
    context.free()
  })
  if (!(await wire.handshake(patience))) throw new Error('expected the handshake to be done')
  return wire
}
