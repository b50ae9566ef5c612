/** The peers of main.ts: `PORT COUNT`. They finish the handshake and stop reading; they neither answer nor close. */
import { once } from 'node:events'
import tls from 'node:tls'
import { certificate } from '../../../support/certificate.js'
import { answerParent } from '../numbers.js'

const [port = 0, count = 0] = process.argv.slice(2).map(Number)
const concurrency = 64
const secureContext = tls.createSecureContext({ ca: certificate })
// With `onread` pause() really stops the reading: what the peers would do for each alert is not to be measured.
const onread = { buffer: Buffer.alloc(1024), callback: () => true }
const kept: tls.TLSSocket[] = []

async function connectOnce(): Promise<void> {
  const options = { host: '127.0.0.1', port, servername: 'localhost', secureContext, allowHalfOpen: true, onread }
  const socket = tls.connect(options)
  kept.push(socket)
  await once(socket, 'secureConnect')
  socket.pause()
}

async function connect(): Promise<readonly number[]> {
  let left = count
  const work = async (): Promise<void> => {
    while (left-- > 0) await connectOnce()
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return [kept.length]
}

answerParent({ connect })
