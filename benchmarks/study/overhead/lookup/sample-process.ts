/** A sample of main.ts: `SECURED UNFINISHED`. Answers with the microseconds of the first call and the median of the rest. */
import { once } from 'node:events'
import { setImmediate as nextImmediate } from 'node:timers/promises'
import tls from 'node:tls'
import { closureOf } from '../../../../lib/index.js'
import { certificate, key } from '../../../support/certificate.js'
import { securedPair, unfinishedSocket } from '../memory-sockets.js'
import { answerParent } from '../numbers.js'

const [secured = 0, unfinished = 0] = process.argv.slice(2).map(Number)
const serverContext = tls.createSecureContext({ key, cert: certificate })
const clientContext = tls.createSecureContext({ ca: certificate })
const calls = 400
const kept: unknown[] = []

async function securedSocket(): Promise<tls.TLSSocket> {
  const { server, client } = securedPair(serverContext, clientContext)
  kept.push(server)
  await Promise.all([once(client, 'secureConnect'), once(server, 'secure')])
  return client
}

function timeClosureOf(socket: tls.TLSSocket): number {
  const began = process.hrtime.bigint()
  const closure = closureOf(socket)
  const micros = Number(process.hrtime.bigint() - began) / 1000
  if (closure.state !== 'open') throw new Error(`Expected an open connection, it is ${closure.state}`)
  return micros
}

async function measure(): Promise<readonly number[]> {
  for (let i = 0; i < unfinished; i++) kept.push(unfinishedSocket(serverContext))
  // Each connection is two sockets, both in this process.
  for (let i = 0; i < secured; i += 2) kept.push(await securedSocket())
  const firstSocket = await securedSocket()
  await nextImmediate()
  const first = timeClosureOf(firstSocket)
  kept.push(firstSocket)
  const times: number[] = []
  for (let i = 0; i < calls; i++) {
    const socket = await securedSocket()
    await nextImmediate()
    times.push(timeClosureOf(socket))
    socket.destroy()
    const server = kept.pop()
    if (server instanceof tls.TLSSocket) server.destroy()
  }
  // The first calls compile.
  const sorted = times.slice(calls / 4).sort((a, b) => a - b)
  return [first, sorted[Math.floor(sorted.length / 2)] ?? Number.NaN]
}

answerParent({ measure })
