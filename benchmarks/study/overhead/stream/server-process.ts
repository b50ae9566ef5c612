/**
 * The server of the programs here: `SIDE WORK SIZE`. `send` sends as many MiB as the client's first line says, `echo` gives back
 * what comes, `end` closes when the handshake is done, `hold` keeps every connection until it is asked to `close`.
 */
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { listeningPort } from '../../../support/relay.js'
import { answerParent, cpuTime, memoryAtRest } from '../numbers.js'
import { sideOf } from './sides.js'

const [sideName, work = '', size] = process.argv.slice(2)
const side = await sideOf(sideName)
const chunk = Buffer.alloc(64 * 1024, 'x')
const chunksPerMebibyte = (1024 * 1024) / chunk.length
const kept = new Set<Duplex>()

const works: Readonly<Record<string, (socket: Duplex) => void>> = {
  send: (socket) => {
    socket.once('data', (line: Buffer) => {
      send(socket, Number(line.toString()) * chunksPerMebibyte)
    })
  },
  echo: (socket) => {
    socket.on('data', (bytes: Buffer) => socket.write(bytes))
  },
  end: (socket) => {
    socket.resume().end()
  },
  hold: (socket) => {
    socket.resume()
    kept.add(socket)
    server.emit('held')
    socket.once('close', () => kept.delete(socket))
  },
}

const server = side.createServer({ closing: work === 'hold' ? 'bidirectional' : 'unidirectional' }, (socket) => {
  socket.on('error', () => undefined)
  works[work]?.(socket)
})
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 })
await once(server, 'listening')

function send(socket: Duplex, chunks: number): void {
  for (let left = chunks; left > 0; left -= 1) {
    if (socket.write(chunk)) continue
    socket.once('drain', () => {
      send(socket, left - 1)
    })
    return
  }
  socket.end()
}

/** Ends all connections in one turn, when all are there; gives ms until the last one's 'close', and how many there were. */
async function close(): Promise<readonly number[]> {
  // A client has done its handshake before its server has.
  while (kept.size < Number(size)) await once(server, 'held')
  const count = kept.size
  globalThis.gc?.()
  const began = performance.now()
  const closed = Promise.all(Array.from(kept, (socket) => once(socket, 'close')))
  for (const socket of kept) socket.end()
  await closed
  return [performance.now() - began, count]
}

/** Bytes of the process, and connections. */
async function memory(): Promise<readonly number[]> {
  return [(await memoryAtRest()).rss, kept.size]
}

answerParent({ port: () => [listeningPort(server)], cpu: cpuTime, close, memory })
