/**
 * The client of main.ts: `PORT COUNT SIDE`; `stock` is without the package. Answers with milliseconds and the
 * connections made.
 */
import { once } from 'node:events'
import http2 from 'node:http2'
import tls from 'node:tls'
import type { ClosureControl } from '../../../../lib/index.js'
import { certificate } from '../../../support/certificate.js'
import { policies } from '../policy/policies.js'
import { collectReports } from '../policy/reports.js'
import { answerParent, cpuTime } from '../numbers.js'

const [portText, countText, side = ''] = process.argv.slice(2)
const count = Number(countText)
const concurrency = 4
const streams = 100
const secureContext = tls.createSecureContext({ ca: certificate })
const policy = policies.get(side)
const library = policy === undefined ? undefined : await import('../../../../lib/index.js')
const controls: ClosureControl[] = []

function createConnection(): tls.TLSSocket {
  const address = { host: '127.0.0.1', port: Number(portText), servername: 'localhost' }
  const socket = tls.connect({ ...address, ALPNProtocols: ['h2'], secureContext })
  if (library !== undefined) controls.push(library.controlClosure(socket, policy))
  return socket
}

async function connectOnce(): Promise<void> {
  const session = http2.connect('https://localhost', { createConnection })
  const closed = once(session, 'close')
  await Promise.all(Array.from({ length: streams }, () => request(session)))
  session.close()
  await closed
}

function request(session: http2.ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': '/' })
    let text = ''
    stream.setEncoding('latin1')
    stream.on('data', (part: string) => {
      text += part
    })
    stream.once('error', reject)
    stream.once('end', () => {
      if (text === 'hello\n') resolve()
      else reject(new Error(`Expected a whole response, received ${JSON.stringify(text)}`))
    })
  })
}

async function run(): Promise<readonly number[]> {
  let left = count
  const work = async (): Promise<void> => {
    while (left-- > 0) await connectOnce()
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: concurrency }, work))
  return [performance.now() - began, count]
}

answerParent({
  // As much again: code is optimised late.
  'warm-up': run,
  go: run,
  cpu: cpuTime,
  reports: collectReports(side, controls),
})
