/**
 * The client of load.ts, profile.ts and, for the server, keep-alive.ts: `PORT COUNT close|keep-alive`. It makes its requests over plain
 * TLS sockets, so that the server has more to do than its client. Answers with milliseconds and the connections made.
 */
import { once } from 'node:events'
import tls from 'node:tls'
import { certificate } from '../../../support/certificate.js'
import { answerParent } from '../numbers.js'

const [portText, countText, kind] = process.argv.slice(2)
const port = Number(portText)
const count = Number(countText)
const concurrency = 8
const secureContext = tls.createSecureContext({ ca: certificate })
const request = `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: ${kind ?? ''}\r\n\r\n`

function connect(): tls.TLSSocket {
  const socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', secureContext })
  socket.setNoDelay(true)
  return socket
}

/** A connection of its own for one request, which the server closes. */
function requestOnce(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect()
    let text = ''
    socket.once('secureConnect', () => socket.write(request))
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    socket.once('close', () => {
      if (isWhole(text)) resolve()
      else reject(new Error(`Expected a whole response, received ${JSON.stringify(text)}`))
    })
  })
}

/** A connection that stays open; returns the function that makes a request on it. */
async function keepOpen(): Promise<() => Promise<void>> {
  const socket = connect()
  let text = ''
  let done: () => void = () => undefined
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    if (isWhole(text)) done()
  })
  socket.once('close', () => {
    throw new Error('Expected the connection to stay open')
  })
  await once(socket, 'secureConnect')
  return () => {
    text = ''
    socket.write(request)
    return new Promise((resolve) => {
      done = resolve
    })
  }
}

function isWhole(text: string): boolean {
  return text.startsWith('HTTP/1.1 200 OK\r\n') && text.endsWith('\r\n\r\nhello\n')
}

const openConnections: (() => Promise<void>)[] = []

async function run(requests: number): Promise<readonly number[]> {
  let made = kind === 'close' ? requests : 0
  while (kind !== 'close' && openConnections.length < concurrency) {
    openConnections.push(await keepOpen())
    made++
  }
  const lanes = kind === 'close' ? Array.from({ length: concurrency }, () => requestOnce) : openConnections
  let left = requests
  const work = async (makeRequest: () => Promise<void>): Promise<void> => {
    while (left-- > 0) await makeRequest()
  }
  const began = performance.now()
  await Promise.all(lanes.map(work))
  return [performance.now() - began, made]
}

answerParent({
  // As much again: code is optimised late, and what is asked for is how a server goes on.
  'warm-up': () => run(count),
  go: () => run(count),
})
