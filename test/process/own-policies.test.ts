// A policy of its own comes before that of the process, whenever it was laid on.
import { Agent, request as httpsRequest } from 'node:https'
import { Agent as UndiciAgent, request as undiciRequest } from 'undici'
import { describe, expect, test } from 'vitest'
import { closingConnect, closureOf, controlClosure } from '../../lib/index.js'
import { clientOf, listen } from '../closure/servers.js'
import { answerAndClose, connected, httpsServer, tlsServer } from '../policy/harness.js'
import { certificate } from '../support/certificate.js'
import { collect, turns } from '../support/streams.js'
import { close, controlled, exchange, opened, serving, watched } from './watched.js'

describe('a policy of its own', () => {
  test('of a server, from before or from now, is kept until it is stopped', async () => {
    const early = await serving()
    const own = watched(controlClosure(early.server, { mode: 'quiet' }))
    const { modes, control } = controlled()
    const late = await serving()
    await exchange(early)
    await exchange(late)
    expect([own.modes(), modes()]).toEqual([
      ['server quiet'],
      ['client unidirectional', 'client unidirectional', 'server unidirectional'],
    ])
    const alsoOwn = watched(controlClosure(late.server, { mode: 'quiet' }))
    await exchange(late)
    expect(alsoOwn.modes()).toEqual(['server quiet'])
    own.control.stop()
    alsoOwn.control.stop()
    await exchange(early)
    await exchange(late)
    expect(modes().filter((mode) => mode.startsWith('server'))).toHaveLength(3)
    expect(control.connections).toBe(0)
  })

  test('of a socket is taken over at any time, and reports once', async () => {
    const server = await serving()
    const { modes, control } = controlled()
    const client = clientOf(server.port, {})
    expect(control.connections).toBe(1)
    const own = watched(controlClosure(client, { mode: 'quiet' }))
    expect(control.connections).toBe(0)
    const pair = await opened(server.server, client)
    const later = watched(controlClosure(pair.accepted, { mode: 'bidirectional' }))
    await close(pair)
    expect([own.modes(), later.modes(), modes()]).toEqual([['client quiet'], ['server bidirectional'], []])
    expect(control.connections).toBe(0)
  })

  test('that demands no close_notify is not overruled by one that does', async () => {
    const server = tlsServer('TLSv1.3', (socket) => {
      socket.write('half', () => void closureOf(socket).shutdown({ mode: 'quiet' }))
    })
    const port = await listen(server)
    controlled({ clients: { onTruncation: 'error' }, servers: 'off' })
    const refused = collect(await connected(port, 'TLSv1.3'))
    const client = await connected(port, 'TLSv1.3')
    controlClosure(client, { onTruncation: 'report' })
    expect(await collect(client)).toMatchObject({ ended: true, error: undefined })
    expect(await refused).toMatchObject({ ended: false, error: { code: 'ERR_TLS_TRUNCATED' } })
  })

  test('of an agent, and of undici, is theirs alone', async () => {
    const server = httpsServer('TLSv1.3', answerAndClose)
    const port = await listen(server)
    const { modes } = controlled({ servers: 'off' })
    const agent = new Agent({ ca: certificate.cert })
    const ofAgent = watched(controlClosure(agent, { mode: 'bidirectional' }))
    const connecting = closingConnect({ mode: 'bidirectional' })
    const ofUndici = watched(connecting.control)
    const dispatcher = new UndiciAgent({ connect: connecting({ ca: certificate.cert, servername: 'localhost' }) })
    await answered(port, agent)
    const { body } = await undiciRequest(`https://127.0.0.1:${port}/`, { dispatcher })
    await body.text()
    await dispatcher.close()
    await turns()
    expect([ofAgent.reports.length, ofUndici.reports.length, modes()]).toEqual([1, 1, []])
  })
})

function answered(port: number, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest({ port, host: '127.0.0.1', servername: 'localhost', agent }, (response) => {
      response.resume().once('close', resolve)
    })
    request.on('error', reject).end()
  })
}
