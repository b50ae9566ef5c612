// What the programs of the recipes have in common: connections one after the other, in stock Node or under a recipe of
// docs/operation.md, and what came of them. The package is loaded in the second case alone.
import { subscribe } from 'node:diagnostics_channel'
import { readdirSync, readlinkSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import tls from 'node:tls'
import vm from 'node:vm'
import { step } from '../kit.mjs'

/** The TLS connections of this process, in the order in which drivers have made them. */
const made = []
const bySocket = new WeakMap()

// Drivers show their sockets in as many ways as there are drivers, or not at all; each of them calls this.
const { connect } = tls
tls.connect = (...args) => {
  const socket = connect(...args)
  const each = { kind: undefined, endedAt: undefined, closedAt: undefined, report: undefined }
  each.closed = new Promise((resolve) => {
    const onClose = () => {
      each.closedAt = performance.now()
      resolve()
    }
    socket.prependListener('close', onClose)
    // basic-ftp removes all listeners.
    const { removeAllListeners } = socket
    socket.removeAllListeners = (...names) => {
      removeAllListeners.apply(socket, names)
      if (!socket.listeners('close').includes(onClose)) socket.prependListener('close', onClose)
      return socket
    }
  })
  made.push(each)
  bySocket.set(socket, each)
  return socket
}
syncBuiltinESMExports()

const code = process.env.DRIVERS_RECIPE
const memories = code === undefined ? [] : await layOn(code)

/** Runs the code of the page, and returns the memories that it makes. */
async function layOn(recipe) {
  const { controlProcess, learnedWaiting } = await import('close-notify')
  const of = []
  const remembered = (options) => {
    const memory = learnedWaiting(options)
    of.push(memory)
    return memory
  }
  vm.compileFunction(recipe, ['controlProcess', 'learnedWaiting'])(controlProcess, remembered)
  subscribe('close-notify:closure', ({ report, socket }) => {
    const each = bySocket.get(socket)
    if (each !== undefined) each.report = report
  })
  return of
}

/** For drivers that end a connection by themselves: the last that was made is of this kind, and its end begins now. */
export function ending(kind) {
  const last = made.at(-1)
  last.kind = kind
  last.endedAt = performance.now()
}

/**
 * Calls `use` for each connection; it returns the driver's own way to close. The next one begins when its sockets are closed;
 * before that, when the driver says that it has closed, those that are open still are counted.
 */
export async function connections(use, kind = 'connection') {
  const before = socketsOpen()
  const open = []
  for (let count = Number(process.env.DRIVERS_CONNECTIONS); count > 0; count--) {
    const first = made.length
    const close = await use()
    const own = made.slice(first)
    if (own.length === 0) throw new Error('Expected a connection by tls.connect()')
    for (const each of own) {
      each.kind ??= kind
      each.endedAt ??= performance.now()
    }
    await close?.()
    open.push(socketsOpen() - before)
    // Those that wait for the server would otherwise be one moment to a memory, which learns of the next one.
    await Promise.all(own.map(({ closed }) => closed))
  }
  // The last report comes behind 'close'.
  await new Promise(setImmediate)
  await step('block', () => ({
    open,
    connections: made.map((each) => ({ kind: each.kind, ms: each.closedAt - each.endedAt, report: each.report })),
    ...(memories.length > 0 && { memory: memories[0].counters }),
  }))
}

/** File descriptors of this process that are sockets. */
function socketsOpen() {
  const isSocket = (fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
    } catch {
      // That of the folder itself.
      return false
    }
  }
  return readdirSync('/proc/self/fd').filter(isSocket).length
}
