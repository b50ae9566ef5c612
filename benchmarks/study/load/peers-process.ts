/**
 * The peers. Those that answer are Node as it is: it ends its side when the server's close_notify or FIN comes. The
 * silent ones read what comes and never end theirs, until they are told to drop all.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'
import { certificate } from '../../support/certificate.js'
import { serveParent } from '../../support/child-side.js'
import { isSilent, payload } from './sides.js'

const concurrency = 64
const secureContext = tls.createSecureContext({ ca: certificate, minVersion: 'TLSv1.3' })
const sockets = new Set<tls.TLSSocket>()
let received = 0
let streaming = false
let streamed: Promise<unknown> = Promise.resolve()

serveParent([], {
  async connect(port, count, silent) {
    let next = 0
    const work = async (): Promise<void> => {
      while (next < Number(count)) await connectOnce(Number(port), isSilent(next++, Number(silent)))
    }
    await Promise.all(Array.from({ length: concurrency }, work))
  },
  stream(port, perSecond, silent) {
    streaming = true
    streamed = stream(Number(port), Number(perSecond), Number(silent))
    // Its failure is told when the stream is halted.
    streamed.catch(() => {})
  },
  /** Resolves when each connection of the stream has received its payload. */
  async halt() {
    streaming = false
    await streamed
  },
  async drop() {
    const bytes = received
    received = 0
    const closed = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    for (const socket of sockets) socket.destroy()
    await Promise.all(closed)
    return bytes
  },
})

/** Opens connections at an even pace, late ones at once, whatever becomes of those before. */
async function stream(port: number, perSecond: number, silent: number): Promise<void> {
  const opened: Promise<void>[] = []
  const began = performance.now()
  while (streaming) {
    const due = ((performance.now() - began) * perSecond) / 1000
    while (opened.length < due) {
      const one = connectOnce(port, isSilent(opened.length, silent))
      one.catch(() => {})
      opened.push(one)
    }
    await sleep(1)
  }
  await Promise.all(opened)
}

/** Resolves when the payload has come; rejects when the connection ends before. */
function connectOnce(port: number, silent: boolean): Promise<void> {
  const options = { host: '127.0.0.1', port, servername: 'localhost', secureContext, allowHalfOpen: silent }
  const socket = tls.connect(options)
  sockets.add(socket)
  return new Promise((resolve, reject) => {
    let left = payload.length
    let failure: Error | undefined
    socket.on('data', (bytes: Buffer) => {
      received += bytes.length
      left -= bytes.length
      if (left <= 0) resolve()
    })
    // Behind its payload a connection may end in any way.
    socket.on('error', (error: Error) => (failure = error))
    socket.on('close', () => {
      sockets.delete(socket)
      reject(failure ?? new Error(`A connection ended ${left} bytes before the end of its payload`))
    })
  })
}
