/** Closings that destroy() overtakes: the program's own, that of `server.close()`, that of `closeAllConnections()`. */
import { createServer, type Server } from 'node:https'
import { connect, type TLSSocket } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type ClosureControl, type ClosureMode, type ClosureReport, controlClosure } from '../../../lib/index.js'
import { certificate } from '../../support/certificate.js'
import { type ClientOptions, connectPair, tlsVersions } from '../../support/pair.js'
import { once } from '../../support/streams.js'

describe.each(tlsVersions)('end() and destroy() in one go, %s', (version) => {
  const modes: readonly (ClosureMode | 'stock Node')[] = ['stock Node', 'unidirectional', 'bidirectional']

  it.each(modes)('send close_notify and FIN: %s', async (mode) => {
    const { server, wire, close } = await connectPair({ version })
    onTestFinished(close)
    if (mode !== 'stock Node') controlClosure(server, { mode })
    await new Promise((resolve) => server.write('bye', resolve))
    await new Promise((resolve) => setImmediate(resolve))
    server.end()
    server.destroy()
    await wire.seen('server', 'fin')
    expect(wire.closing('server').slice(0, 2)).toEqual(['alert warning close_notify', 'fin'])
  })
})

interface Waiting {
  readonly server: Server
  readonly control: ClosureControl
  /** Has seen the server's close_notify and not answered it yet. */
  readonly client: TLSSocket
  readonly report: Promise<ClosureReport>
}

/** A server that has answered its only request and waits for the client's close_notify. */
async function waitingServer(): Promise<Waiting> {
  const server = createServer({ key: certificate.key, cert: certificate.cert }, (_request, response) => {
    response.setHeader('connection', 'close').end('last')
  })
  const control = controlClosure(server, { mode: 'bidirectional', waitTimeout: 20_000 })
  const report = new Promise<ClosureReport>((resolve) => control.once('closure', resolve))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  const options: ClientOptions = { port: address.port, host: '127.0.0.1', ca: certificate.cert, allowHalfOpen: true }
  const client = connect(options)
  onTestFinished(() => {
    client.destroy()
    server.close()
    server.closeAllConnections()
  })
  client.on('error', () => undefined)
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  client.resume()
  await once(client, 'end')
  while (control.waiting === 0) await new Promise((resolve) => setImmediate(resolve))
  return { server, control, client, report }
}

describe('a connection that waits for its peer', () => {
  it('is waited for by server.close()', async () => {
    const { server, control, client, report } = await waitingServer()
    const closed = new Promise((resolve) => server.close(resolve))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(control.connections).toBe(1)
    client.end()
    expect((await report).verdict).toBe('clean')
    await closed
  })

  it('is destroyed by server.closeAllConnections(), before and after server.close()', async () => {
    for (const closesFirst of [false, true]) {
      const { server, report } = await waitingServer()
      if (closesFirst) server.close()
      server.closeAllConnections()
      expect(await report).toMatchObject({ verdict: 'aborted', endedBy: 'destroy', sent: { kind: 'close_notify' } })
    }
  })

  it('is left to Node once the policy has been stopped', async () => {
    const { server, control, report } = await waitingServer()
    control.stop()
    server.close()
    expect((await report).endedBy).toBe('destroy')
  })
})
