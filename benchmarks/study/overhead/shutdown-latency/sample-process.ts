/** A sample of main.ts: `PORT COUNT stock|MODE`. Answers with the median of the milliseconds of its closings. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'
import { certificate } from '../../../support/certificate.js'
import { summarize } from '../../../support/statistics.js'
import { answerParent } from '../numbers.js'

const [portText, countText, side] = process.argv.slice(2)
const count = Number(countText)
const secureContext = tls.createSecureContext({ ca: certificate })
const close = side === 'unidirectional' || side === 'quiet' ? await shutdownIn(side) : end

async function shutdownIn(mode: 'unidirectional' | 'quiet'): Promise<(socket: tls.TLSSocket) => Promise<number>> {
  const { closureOf } = await import('../../../../lib/index.js')
  return async (socket) => {
    // The lookup is another question, which lookup/main.ts asks.
    const closure = closureOf(socket)
    const began = performance.now()
    const { endedBy } = await closure.shutdown({ mode })
    const ms = performance.now() - began
    if (endedBy !== 'done') throw new Error(`Expected a closing to be done, it was ended by ${String(endedBy)}`)
    return ms
  }
}

function end(socket: tls.TLSSocket): Promise<number> {
  return new Promise((resolve) => {
    const began = performance.now()
    socket.once('finish', () => {
      resolve(performance.now() - began)
    })
    socket.end()
  })
}

async function closeOne(): Promise<number> {
  const socket = tls.connect({ host: '127.0.0.1', port: Number(portText), servername: 'localhost', secureContext })
  socket.resume()
  await once(socket, 'secureConnect')
  // The tickets of TLS 1.3 come after the handshake: the connection is idle behind them.
  await sleep(5)
  const ms = await close(socket)
  socket.destroy()
  return ms
}

async function measure(): Promise<readonly number[]> {
  const times: number[] = []
  for (let i = 0; i < count; i++) times.push(await closeOne())
  // The first calls compile.
  return [summarize(times.slice(Math.floor(count / 4)))?.median ?? Number.NaN]
}

answerParent({ measure })
