/** The clients of main.ts: `PORT EARLY COUNT`. Their connections stay open; each answer is the number of those there are. */
import { once } from 'node:events'
import tls from 'node:tls'
import { certificate } from '../../../support/certificate.js'
import { answerParent } from '../numbers.js'

const [port = 0, early = 0, count = 0] = process.argv.slice(2).map(Number)
const concurrency = 64
const secureContext = tls.createSecureContext({ ca: certificate })
const sockets: tls.TLSSocket[] = []
const fresh: tls.TLSSocket[] = []

async function connectOnce(): Promise<void> {
  const socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', secureContext })
  await once(socket, 'secureConnect')
  sockets.push(socket)
  fresh.push(socket)
}

/** Makes a request on a connection that has made none. */
async function requestOnce(): Promise<void> {
  const socket = fresh.pop()
  if (socket === undefined) return
  let text = ''
  const answered = new Promise<void>((resolve) => {
    const take = (chunk: Buffer): void => {
      text += chunk.toString('latin1')
      if (!text.endsWith('\r\n\r\nhello\n')) return
      socket.off('data', take)
      resolve()
    }
    socket.on('data', take)
  })
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await answered
}

async function repeat(times: number, action: () => Promise<void>): Promise<readonly number[]> {
  let left = times
  const work = async (): Promise<void> => {
    while (left-- > 0) await action()
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return [sockets.length]
}

answerParent({
  'connect-early': () => repeat(early, connectOnce),
  connect: () => repeat(count, connectOnce),
  request: () => repeat(fresh.length, requestOnce),
})
