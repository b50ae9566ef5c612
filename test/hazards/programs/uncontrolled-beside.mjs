// Every second connection is controlled; all of them move data and close.
import { once } from 'node:events'
import tls from 'node:tls'
import { clientOptions, listen, nativeUrl, packageUrl, say, sleep } from './support.mjs'

const { closureOf } = await import(packageUrl)
const { trackingCounts } = await import(nativeUrl)
const count = Number(process.argv[2])
let bytes = 0
const verdicts = {}
const listener = await listen({}, (socket) => {
  socket.on('data', (data) => {
    bytes += data.length
  })
})
await Promise.all(Array.from({ length: count * 2 }, (_, index) => one(index % 2 === 0)))
while (trackingCounts().live > 0) await sleep(5)
say({ controlled: count, uncontrolled: count, bytes, verdicts, live: trackingCounts().live })
listener.close()

async function one(controlled) {
  const client = tls.connect(clientOptions(listener))
  await once(client, 'secureConnect')
  client.resume().write(Buffer.alloc(100_000))
  const closed = once(client, 'close')
  if (controlled) {
    const { verdict } = await closureOf(client).shutdown({ mode: 'bidirectional' })
    verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
  } else {
    client.end()
  }
  await closed
}
