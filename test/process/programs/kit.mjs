// What the programs of this folder have in common. None of them knows the package: the name of its channel is a text.
import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'

export const keys = { key: readFileSync(process.env['KEY_FILE']), cert: readFileSync(process.env['CERT_FILE']) }
export const ca = keys.cert

// A hang guard: no program takes seconds.
setTimeout(() => process.exit(99), 30_000).unref()

const reports = []
subscribe('close-notify:closure', ({ report: { side, mode, verdict }, target }) => {
  reports.push({ side, mode, verdict, own: target !== undefined })
})

/** The reports since the last call, clients first. */
export function takeReports() {
  return reports.splice(0).sort((a, b) => (a.side < b.side ? -1 : 1))
}

export function print(fact) {
  process.stdout.write(`${JSON.stringify(fact)}\n`)
}

export async function listen(server, ...where) {
  if (where.length === 0) where.push(0, 'localhost')
  server.listen(...where)
  await once(server, 'listening')
  return server.address().port
}

/** Closes a server whose connections are over, or about to be. */
export async function close(server) {
  await new Promise((resolve) => server.close(resolve))
  // A report comes a little behind the 'close' of its socket.
  for (let i = 0; i < 3; i++) await turn()
}

/** The events of a socket or server in their order, as texts; an error by its code. */
export function eventsOf(emitter, names) {
  const seen = []
  for (const name of names) {
    emitter.on(name, (first) => {
      seen.push(name === 'error' ? `error ${first.code}` : name === 'close' ? `close ${first}` : name)
    })
  }
  return seen
}

export const socketEvents = [
  'connect',
  'ready',
  'secureConnect',
  'secure',
  'end',
  'finish',
  'error',
  'close',
  'timeout',
]

/** The listeners of an emitter that are there now, by event. */
export function listenersOf(emitter) {
  return Object.fromEntries(emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]))
}
