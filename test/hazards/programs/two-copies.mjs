// Two copies of the package control one socket. The relay counts alerts: with TLS 1.2 their record type is in the clear.
import { once } from 'node:events'
import net from 'node:net'
import path from 'node:path'
import tls from 'node:tls'
import { pathToFileURL } from 'node:url'
import { clientOptions, immediate, listen, pair, say } from './support.mjs'

const [folder, who] = process.argv.slice(2)
const load = (name) => import(pathToFileURL(path.join(folder, name, 'dist/lib/index.js')).href)
const first = await load('first')

if (who === 'the second is loaded late') await loadLate()
else await closeTogether(await load('second'))

async function loadLate() {
  const early = await pair()
  const second = await load('second')
  const late = await pair()
  const fact = (name, closure) => ({ [name]: closure.state })
  const earlyFact = fact('early', second.closureOf(early.client))
  const lateFact = fact('late', second.closureOf(late.client))
  first.closureOf(early.client)
  for (const { client, server, listener } of [early, late]) {
    server.resume()
    client.resume().end()
    await once(client, 'close')
    listener.close()
  }
  say({ ...earlyFact, verdict: (await second.closureOf(early.client).report).verdict })
  say({ ...lateFact, verdict: (await second.closureOf(late.client).report).verdict })
  say({ first: (await first.closureOf(early.client).report).verdict })
}

async function closeTogether(second) {
  say({ copies: 2, separate: first.closureOf !== second.closureOf })
  const listener = await listen({ maxVersion: 'TLSv1.2' }, (socket) => socket.resume())
  const wire = { alertRecords: 0, fin: false }
  const relay = net.createServer({ allowHalfOpen: true }, (socket) => {
    const onward = net.connect(listener.address().port, '127.0.0.1')
    for (const end of [socket, onward]) end.on('error', () => {})
    socket.on('data', countAlerts(wire))
    socket.on('end', () => {
      wire.fin = true
    })
    socket.pipe(onward).pipe(socket)
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')

  const client = tls.connect(clientOptions(listener, { port: relay.address().port }))
  const closures = [first.closureOf(client), second.closureOf(client)]
  await once(client, 'secureConnect')
  await immediate()
  client.resume()
  const options = { mode: 'bidirectional' }
  const closed = once(client, 'close')
  if (who === 'neither closes') client.end()
  if (who.includes('first closes') || who === 'both close') closures[0].shutdown(options)
  if (who === 'the second closes' || who === 'both close') closures[1].shutdown(options)
  if (who.endsWith('sends the alert')) {
    await immediate()
    closures[1].closeNotify().catch(() => {})
  }
  await closed
  for (const [index, copy] of ['first', 'second'].entries()) {
    const { mode, verdict, alerts } = await closures[index].report
    say({ copy, mode, verdict, alerts: alerts.map(({ direction, name }) => `${direction} ${name}`) })
  }
  relay.close()
  listener.close()
  while (!wire.fin) await immediate()
  say(wire)
}

function countAlerts(wire) {
  let bytes = Buffer.alloc(0)
  return (chunk) => {
    bytes = Buffer.concat([bytes, chunk])
    while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt16BE(3)) {
      if (bytes[0] === 21) wire.alertRecords++
      bytes = bytes.subarray(5 + bytes.readUInt16BE(3))
    }
  }
}
