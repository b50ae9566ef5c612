/** A sample of main.ts: `SECURED UNFINISHED`. Answers with the microseconds of the first call and the median of the rest. */
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { setImmediate as nextImmediate } from 'node:timers/promises'
import tls from 'node:tls'
import { closureOf } from '../../../../lib/index.js'
import { certificate, key } from '../../../support/certificate.js'
import { answerParent } from '../numbers.js'

const [secured = 0, unfinished = 0] = process.argv.slice(2).map(Number)
const serverContext = tls.createSecureContext({ key, cert: certificate })
const clientContext = tls.createSecureContext({ ca: certificate })
const calls = 400
const kept: unknown[] = []

/** Two streams, each of which reads what is written to the other. */
function streamPair(): readonly [Duplex, Duplex] {
  const make = (other: () => Duplex): Duplex =>
    new Duplex({
      read: () => undefined,
      write: (chunk, _encoding, done) => {
        other().push(chunk)
        setImmediate(done)
      },
    })
  const near: Duplex = make(() => far)
  const far: Duplex = make(() => near)
  return [near, far]
}

async function securedSocket(): Promise<tls.TLSSocket> {
  const [near, far] = streamPair()
  const server = new tls.TLSSocket(far, { isServer: true, secureContext: serverContext })
  const client = tls.connect({ socket: near, servername: 'localhost', secureContext: clientContext })
  kept.push(server)
  await Promise.all([once(client, 'secureConnect'), once(server, 'secure')])
  return client
}

function unfinishedSocket(): tls.TLSSocket {
  const dead = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  return new tls.TLSSocket(dead, { isServer: true, secureContext: serverContext })
}

function timeClosureOf(socket: tls.TLSSocket): number {
  const began = process.hrtime.bigint()
  const closure = closureOf(socket)
  const micros = Number(process.hrtime.bigint() - began) / 1000
  if (closure.state !== 'open') throw new Error(`Expected an open connection, it is ${closure.state}`)
  return micros
}

async function measure(): Promise<readonly number[]> {
  for (let i = 0; i < unfinished; i++) kept.push(unfinishedSocket())
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
