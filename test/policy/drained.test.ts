/** control.drained(): when the last connection of a policy is gone, those that wait for their peer included. */
import tls, { type TLSSocket } from 'node:tls'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { type ClosureControl, type ClosurePolicy, controlClosure, controlProcess } from '../../lib/index.js'
import { certificate } from '../support/certificate.js'
import { until } from './harness.js'

const ample = 30_000

test('it resolves at once where nothing is open', async () => {
  const { control } = await serving({})
  expect(await control.drained({ timeout: ample })).toEqual({ kind: 'drained' })
  expect(await control.drained()).toEqual({ kind: 'drained' })
})

test('it resolves when the last connection is gone, for all who ask', async () => {
  const { control, connect } = await serving({})
  const sockets = [await connect(), await connect()]
  const drains = [control.drained({ timeout: ample }), control.drained({ timeout: ample })]
  const order: string[] = []
  for (const drain of drains) void drain.then(({ kind }) => order.push(kind))
  sockets[0]?.end()
  await until(() => control.connections === 1)
  await delay(5)
  expect(order).toEqual([])
  sockets[1]?.end()
  expect(await Promise.all(drains)).toEqual([{ kind: 'drained' }, { kind: 'drained' }])
})

test('it waits for those that wait for their peer, and tells how many there are when its time is over', async () => {
  const { control, connect, accepted } = await serving({ mode: 'bidirectional', waitTimeout: ample })
  const options = { allowHalfOpen: true }
  const socket = await connect(options)
  accepted()[0]?.end()
  await until(() => control.waiting === 1)
  expect(await control.drained({ timeout: 50 })).toEqual({ kind: 'timed-out', connections: 1, waiting: 1 })
  const drained = control.drained({ timeout: ample })
  socket.end()
  expect(await drained).toEqual({ kind: 'drained' })
})

test('it counts the connections of a policy that has been stopped', async () => {
  const { control, connect } = await serving({})
  const socket = await connect()
  control.stop()
  const drained = control.drained({ timeout: ample })
  socket.end()
  expect(await drained).toEqual({ kind: 'drained' })
})

test('a connection that comes under another policy is gone from the first', async () => {
  const ofProcess = controlProcess({ servers: 'off' })
  onTestFinished(() => {
    ofProcess.stop()
  })
  const { connect } = await serving({})
  const socket = await connect()
  expect(ofProcess.connections).toBe(1)
  const drained = ofProcess.drained({ timeout: ample })
  controlClosure(socket, {})
  expect(await drained).toEqual({ kind: 'drained' })
})

test.each([{ timeout: -1 }, { timeout: 'soon' }, { timout: 1 }])('%j is refused', async (options: object) => {
  const { control } = await serving({})
  await expect(control.drained(options)).rejects.toMatchObject({ code: 'ERR_CLOSURE_INVALID_ARGUMENT' })
})

interface Serving {
  readonly control: ClosureControl
  readonly accepted: () => readonly TLSSocket[]
  readonly connect: (options?: object) => Promise<TLSSocket>
}

/** A server under a policy, and clients of it once both sides have done their handshake. */
async function serving(policy: ClosurePolicy): Promise<Serving> {
  const { key, cert } = certificate
  const accepted: TLSSocket[] = []
  const server = tls.createServer({ key, cert }, (socket) => {
    accepted.push(socket.resume().on('error', () => undefined))
  })
  const control = controlClosure(server, policy)
  onTestFinished(() => {
    control.stop()
    server.close()
    for (const socket of accepted) socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
  const connect = async (options: object = {}) => {
    const before = accepted.length
    const to = { port: address.port, host: '127.0.0.1', servername: 'localhost', ca: cert, ...options }
    const socket = tls.connect(to)
    onTestFinished(() => void socket.destroy())
    socket.resume().on('error', () => undefined)
    await new Promise((resolve) => socket.once('secureConnect', resolve))
    await until(() => accepted.length > before)
    return socket
  }
  return { control, accepted: () => accepted, connect }
}
