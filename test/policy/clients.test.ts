// Clients under a policy: https.Agent, and undici through closingConnect(). Their servers are stock Node.
import https, { type Agent } from 'node:https'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closingConnect, controlClosure } from '../../lib/index.js'
import { closeNotifyAndFin, text } from '../closure/sides.js'
import { certificate } from '../support/certificate.js'
import { tlsVersions } from '../support/pair.js'
import {
  ample,
  answerAndClose,
  endingOf,
  httpsServer,
  modes,
  order,
  stock,
  tlsServer,
  until,
  watch,
} from './harness.js'
import { undicis } from './undicis.js'

const { cert: ca, host: servername } = certificate

interface Answer {
  readonly status: number | undefined
  readonly body: string
  readonly complete: boolean
}

function request(port: number, agent: Agent, path = '/'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = https.get({ host: '127.0.0.1', port, path, agent }, (res) => {
      void text(res).then(({ text: body }) => resolve({ status: res.statusCode, body, complete: res.complete }))
    })
    req.on('error', reject)
  })
}

function agentFor(keepAlive: boolean): Agent {
  const agent = new https.Agent({ keepAlive, ca, servername })
  onTestFinished(() => {
    agent.destroy()
  })
  return agent
}

describe.each(tlsVersions)('https.Agent, %s', (version) => {
  describe.each(modes)('%s', (mode) => {
    const policy = { mode, waitTimeout: ample, flushTimeout: ample } as const

    test('a connection that serves one request', async () => {
      const relay = await stock(httpsServer(version, (_req, res) => res.end('whole')))
      const agent = agentFor(false)
      const { report, control } = watch(controlClosure(agent, policy))
      expect(await request(relay.port, agent)).toEqual({ status: 200, body: 'whole', complete: true })
      const final = await report()
      // The server answers and closes: its close_notify may be here before we have sent ours.
      expect(final).toMatchObject({ mode, side: 'client', endedBy: 'done', undeliveredBytes: 0 })
      expect(mode === 'quiet' ? ['quiet', 'unreciprocated'] : ['clean']).toContain(final.verdict)
      const wire = await relay.nextWire()
      await wire.seen('client', 'fin')
      expect(endingOf(wire, 'client')).toEqual(mode === 'quiet' ? ['fin'] : closeNotifyAndFin)
      expect(control.connections).toBe(0)
    })

    test('connections of the pool are used again, and the last response closes them', async () => {
      const relay = await stock(
        httpsServer(version, (req, res) => (req.url === '/last' ? answerAndClose(req, res) : res.end('ok'))),
      )
      const agent = agentFor(true)
      const { report, control } = watch(controlClosure(agent, policy))
      for (const path of ['/1', '/2', '/last']) {
        expect(await request(relay.port, agent, path)).toMatchObject({ body: 'ok', complete: true })
      }
      expect(await report()).toMatchObject({ mode, side: 'client', endedBy: 'done' })
      expect(relay.wires).toHaveLength(1)
      expect(control.connections).toBe(0)
      const [wire] = relay.wires
      await wire?.seen('client', 'fin')
      expect(wire === undefined ? [] : endingOf(wire, 'client')).toEqual(mode === 'quiet' ? ['fin'] : closeNotifyAndFin)
    })
  })

  test('connections that were made before the call, and after stop(), are left alone', async () => {
    const relay = await stock(httpsServer(version, (_req, res) => res.end('ok')))
    const agent = agentFor(true)
    await request(relay.port, agent)
    const { control, reports } = watch(controlClosure(agent, { mode: 'quiet', onDestroy: 'close_notify' }))
    await request(relay.port, agent)
    expect(relay.wires).toHaveLength(1)
    expect(control.connections).toBe(0)
    control.stop()
    agent.destroy()
    const other = await request(relay.port, agent)
    expect(other.complete).toBe(true)
    agent.destroy()
    const wires = [await relay.nextWire(), await relay.nextWire()]
    for (const wire of wires) {
      await wire.seen('client', 'fin')
      expect(endingOf(wire, 'client')).toEqual(['fin'])
    }
    expect(reports).toEqual([])
  })

  test('a refused handshake is an error of the request, and no report', async () => {
    const relay = await stock(httpsServer(version, (_req, res) => res.end('ok')))
    const agent = new https.Agent({ servername })
    onTestFinished(() => {
      agent.destroy()
    })
    const { control } = watch(controlClosure(agent))
    await expect(request(relay.port, agent)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    await until(() => control.connections === 0)
  })
})

describe.each(undicis)('%s through closingConnect()', (_name, { Agent, buildConnector, request: undiciRequest }) => {
  describe.each(tlsVersions)('%s', (version) => {
    const connectors = [
      [
        "undici's own connector, with TLS options",
        (connecting: ReturnType<typeof closingConnect>) => connecting({ ca, servername }),
      ],
      [
        "somebody's connector",
        (connecting: ReturnType<typeof closingConnect>) =>
          connecting(buildConnector({ ca, servername, maxVersion: version })),
      ],
    ] as const

    test.each(connectors)('%s: requests are answered, and close() sends our alert', async (_how, connect) => {
      const relay = await stock(httpsServer(version, (_req, res) => res.end('whole')))
      const connecting = closingConnect({ mode: 'unidirectional', onDestroy: 'close_notify' })
      const { control, report } = watch(connecting.control)
      const agent = new Agent({ connect: connect(connecting), connections: 1 })
      for (let i = 0; i < 2; i++) {
        const { body } = await undiciRequest(`https://127.0.0.1:${relay.port}/`, { dispatcher: agent })
        expect(await body.text()).toBe('whole')
      }
      expect(control.connections).toBe(1)
      await agent.close()
      await report()
      const wire = await relay.nextWire()
      await wire.seen('client', 'fin')
      expect(relay.wires).toHaveLength(1)
      expect(endingOf(wire, 'client')).toEqual(closeNotifyAndFin)
      expect(control.connections).toBe(0)
    })

    test('the server closes first: the body is whole; undici destroys its socket at once', async () => {
      const relay = await stock(httpsServer(version, answerAndClose))
      const connecting = closingConnect({ mode: 'bidirectional', waitTimeout: ample })
      const { report } = watch(connecting.control)
      const dispatcher = new Agent({ connect: connecting({ ca, servername }) })
      const { body } = await undiciRequest(`https://127.0.0.1:${relay.port}/`, { dispatcher })
      expect(await body.text()).toBe('ok')
      await dispatcher.close()
      expect(await report()).toMatchObject({ side: 'client' })
    })

    test('a server that refuses the handshake is an error of the request', async () => {
      const relay = await stock(tlsServer(version, (socket) => socket.resume()))
      const connecting = closingConnect()
      const dispatcher = new Agent({ connect: connecting({ servername }) })
      watch(connecting.control)
      await expect(undiciRequest(`https://127.0.0.1:${relay.port}/`, { dispatcher })).rejects.toMatchObject({
        code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      })
      await dispatcher.close()
    })

    test('after stop() connections are left alone', async () => {
      const relay = await stock(httpsServer(version, (_req, res) => res.end('whole')))
      const connecting = closingConnect({ onDestroy: 'close_notify' })
      const { control, reports } = watch(connecting.control)
      control.stop()
      const agent = new Agent({ connect: connecting({ ca, servername }) })
      const { body } = await undiciRequest(`https://127.0.0.1:${relay.port}/`, { dispatcher: agent })
      expect(await body.text()).toBe('whole')
      await agent.close()
      const wire = await relay.nextWire()
      await wire.seen('client', 'fin')
      expect(endingOf(wire, 'client')).toEqual(['fin'])
      expect(reports).toEqual([])
      expect(order(wire).length).toBeGreaterThan(0)
    })
  })
})
