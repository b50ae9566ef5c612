// The trap of onDestroy that docs/policy.md names: a relay of two pipes whose far side has gone reads no more, and the
// alert that lies unread in it keeps it from seeing the FIN behind.
import https from 'node:https'
import net, { type Server, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { controlClosure, type OnDestroy } from '../../lib/index.js'
import { certificate } from '../support/certificate.js'
import { tlsVersions } from '../support/pair.js'
import { httpsServer, until, watch } from './harness.js'

const { cert: ca, host: servername } = certificate

function listen(server: Server): Promise<number> {
  onTestFinished(() => void server.close())
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(address === null || typeof address === 'string' ? 0 : address.port)
    })
  })
}

test.each(
  tlsVersions.flatMap((version) => (['bare', 'close_notify'] as const).map((onDestroy) => ({ version, onDestroy }))),
)('$version: a relay of two pipes after onDestroy: $onDestroy', async ({ version, onDestroy }) => {
  let near: Socket | undefined
  let far: Socket | undefined
  const accepted: Socket[] = []
  const server = httpsServer(version, (_req, res) => res.end('ok'))
  server.on('connection', (socket: Socket) => accepted.push(socket))
  const target = await listen(server)
  const relay = net.createServer((socket) => {
    near = socket.on('error', () => undefined)
    far = net.connect(target, '127.0.0.1').on('error', () => undefined)
    near.pipe(far).pipe(near)
  })
  const port = await listen(relay)
  onTestFinished(() => void near?.destroy())

  const agent = new https.Agent({ keepAlive: true, ca, servername })
  watch(controlClosure(agent, { onDestroy: onDestroy satisfies OnDestroy }))
  await new Promise((resolve) => {
    https.get({ host: '127.0.0.1', port, agent }, (res) => res.resume().on('close', resolve))
  })
  for (const socket of accepted) socket.resetAndDestroy()
  await until(() => far?.destroyed === true)
  agent.destroy()
  if (onDestroy === 'bare') {
    await until(() => near?.destroyed === true)
    return
  }
  await until(() => (near?.readableLength ?? 0) > 0)
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(near?.destroyed).toBe(false)
  // Whoever reads it, or ends it with its other side, closes it.
  near?.resume()
  await until(() => near?.destroyed === true)
})
