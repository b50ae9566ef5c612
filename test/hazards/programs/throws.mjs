// A callback of the user throws, once, with or without a closure on the socket. The program goes on after it.
import { once } from 'node:events'
import tls from 'node:tls'
import { clientOptions, immediate, listen, packageUrl, say, sleep } from './support.mjs'

const [version, where, how] = process.argv.slice(2)
const uncaught = []
process.on('uncaughtException', (error) => uncaught.push(error.message))
const thrown = new Set()
function fail() {
  if (thrown.has(where)) return
  thrown.add(where)
  throw new Error(`in ${where}`)
}

const versions = { minVersion: version, maxVersion: version }
const listener = await listen({ ...versions, allowHalfOpen: true }, (socket) => {
  socket.resume()
  socket.write('hello')
  socket.on('end', () => socket.end('late'))
})
const { closureOf } = how === 'stock' ? {} : await import(packageUrl)
const client = tls.connect(clientOptions(listener, versions))
const closure = closureOf?.(client)
const closed = new Promise((resolve) => client.on('close', resolve))
const events = ['data', 'end', 'close', 'finish', 'secureConnect', 'readable']
const connected = once(client, 'secureConnect')
if (events.includes(where) && where !== 'readable') client.on(where, fail)
if (where === 'readable') {
  client.on('readable', () => {
    client.read()
    fail()
  })
}
if (where === 'late data') client.on('data', (data) => String(data).includes('late') && fail())
await connected
await immediate()
if (where !== 'readable') client.resume()
if (where === 'write') client.write('hello', fail)
else client.write('hello')

if (closure === undefined) {
  client.end()
  await closedAfterAll()
} else {
  if (where === 'closeNotify' || where === 'late write')
    closure.closeNotify().then(where === 'closeNotify' ? fail : () => {})
  if (where === 'report') closure.report.then(fail)
  if (where !== 'write') await immediate()
  const shutdown = closure.shutdown({ mode: 'bidirectional', flushTimeout: 600_000, waitTimeout: 600_000 })
  if (where === 'shutdown') shutdown.then(fail)
  if (where === 'late write') client.write('too late', fail)
  const { verdict } = await shutdown
  await closedAfterAll()
  say({ shutdown: verdict, report: (await closure.report).verdict })
}
for (let i = 0; i < 5; i++) await immediate()
listener.close()
say({ uncaught })

// Some of these exceptions keep a stream of Node's from ever closing, with or without us.
async function closedAfterAll() {
  await Promise.race([closed, sleep(200)])
  client.destroy()
  await closed
}
