// What libraries ask of their socket to learn how far it is.
import type { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { once } from '../../support/streams.js'
import { type DriverSocket, stacks } from './stacks.js'

test.each(stacks)('a socket over $name tells how far it is', async (stack) => {
  const accepted: Duplex[] = []
  const { port } = await stack.serve({}, (socket) => accepted.push(socket.resume()))
  const socket = stack.connect(port)
  const log = ['connect', 'ready', 'secureConnect', 'end', 'close'].map(
    (event) => new Promise((resolve) => void socket.once(event, () => resolve({ event, ...stateOf(socket) }))),
  )
  expect(stateOf(socket)).toEqual({ connecting: true, pending: true, readyState: 'opening' })
  socket.once('secureConnect', () => socket.resume().end())
  const open = { connecting: false, pending: false, readyState: 'open' }
  expect(await Promise.all(log)).toMatchObject([
    { event: 'connect', ...open },
    { event: 'ready', ...open },
    { event: 'secureConnect', ...open },
    { event: 'end', connecting: false },
    { event: 'close', connecting: false, readyState: 'closed' },
  ])
})

test.each(stacks)('a socket over $name that has ended its side is to be read only', async (stack) => {
  const { port } = await stack.serve({}, () => undefined)
  const socket = stack.connect(port)
  await once(socket, 'secureConnect')
  socket.end()
  expect(socket.readyState).toBe('readOnly')
})

test.each(stacks)('a socket over $name tells its timeout', async (stack) => {
  const { port } = await stack.serve({}, () => undefined)
  const socket = stack.connect(port)
  expect(socket.timeout).toBeUndefined()
  socket.setTimeout(5000)
  expect(socket.timeout).toBe(5000)
  socket.setTimeout(0)
  expect(socket.timeout).toBe(0)
})

function stateOf({ connecting, pending, readyState }: DriverSocket) {
  return { connecting, pending, readyState }
}
