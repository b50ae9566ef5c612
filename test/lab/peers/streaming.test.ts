/** What the profile that sends without an end notes of it. */
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { connect } from 'node:tls'
import { expect, onTestFinished, test, vi } from 'vitest'
import { playServer } from '../../../lib/lab/peers/connection.js'
import { checkPeerOptions } from '../../../lib/lab/peers/options.js'
import { profileOf, serverDefinition } from '../../../lib/lab/peers/profiles.js'
import { loadOpenSSL } from '../../../lib/openssl/index.js'
import { certificate } from '../../support/certificate.js'
import { once } from '../../support/streams.js'
import { portOf } from '../transport/servers.js'
import { request } from './meeting.js'

test('keeps-streaming notes the bytes that it wrote, and no more where there is no room', async () => {
  const profile = 'keeps-streaming'
  const context = loadOpenSSL().createContext({ side: 'server', cert: certificate.cert, key: certificate.key })
  onTestFinished(() => context.free())
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const tcp = connectTcp(portOf(server.address()), '127.0.0.1')
  const client = connect({ socket: tcp, servername: certificate.host, ca: certificate.cert })
  client.on('error', () => {})
  onTestFinished(() => void tcp.destroy())
  const socket = await accepted
  const playing = playServer(socket, {
    ...{ profile, definition: serverDefinition(profile), context, connection: 1 },
    options: checkPeerOptions(profileOf(profile), { body: 100, hold: 1500 }),
    signal: new AbortController().signal,
  })
  await once(client, 'secureConnect')
  // From here on nothing leaves the process.
  socket.cork()
  client.write(request('close'))
  await vi.waitFor(() => expect(socket.writableNeedDrain).toBe(true), { timeout: 20_000 })
  const queued = socket.writableLength
  const { did } = await playing
  const [streamed] = did.filter((step) => step.did === 'data')
  expect(streamed?.bytes).toBeGreaterThan(0)
  expect(streamed?.bytes).toBeLessThanOrEqual(queued)
})
