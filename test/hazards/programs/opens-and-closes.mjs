// Opens and closes many connections, both sides controlled, and prints what memory that leaves.
import { once } from 'node:events'
import tls from 'node:tls'
import { cert, clientOptions, immediate, listen, nativeUrl, ofStreams, packageUrl, say, streamUrl } from './support.mjs'

const { connect, createContext } = await import(streamUrl)
const { closureOf } = await import(packageUrl)
const { trackingCounts } = await import(nativeUrl)
const total = Number(process.argv[2])
const atOnce = 50
const modes = ['unidirectional', 'bidirectional', 'bidirectional']
const verdicts = {}
let connections = 0

const listener = await listen({}, (socket) => {
  socket.resume()
  count(ofStreams ? socket.report : closureOf(socket).report)
})
// One context for all: reading the certificate again for each would be most of the work.
const secureContext = ofStreams ? createContext('client', { ca: cert }) : tls.createSecureContext({ ca: cert })
const { port, host, servername } = clientOptions(listener)
const options = { port, host, servername, secureContext }

await print()
// By then the process has the size that this load gives it: Node 26 takes 4,000 connections to get there.
await run(total * 0.4)
await print()
await run(total)
await print()
listener.close()

async function run(upTo) {
  while (connections < upTo) await Promise.all(Array.from({ length: atOnce }, one))
}

async function one() {
  const client = ofStreams ? connect(options) : tls.connect(options)
  const closure = ofStreams ? client : closureOf(client)
  count(closure.report)
  await once(client, 'secureConnect')
  await immediate()
  client.resume().write('hello')
  const closed = once(client, 'close')
  await closure.shutdown({ mode: modes[connections++ % modes.length] })
  await closed
}

async function count(report) {
  const { verdict } = await report
  verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
}

async function print() {
  // An object that is never freed shows as a hang, which the test ends.
  while (trackingCounts().live > 0) await immediate()
  for (let i = 0; i < 10; i++) {
    globalThis.gc()
    await immediate()
  }
  const { live, indexed } = trackingCounts()
  const { rss, heapUsed, external } = process.memoryUsage()
  say({ connections, verdicts, live, indexed, rss, heap: heapUsed + external })
}
