/** The client of the programs here: `SIDE PORT WORK SIZE`. Answers with milliseconds, or with bytes and connections. */
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { answerParent, cpuTime, memoryAtRest } from '../numbers.js'
import { sideOf } from './sides.js'

const [sideName, portText, work = '', sizeText] = process.argv.slice(2)
const [port, size] = [Number(portText), Number(sizeText)]
const side = await sideOf(sideName)
const kept: Duplex[] = []

const works: Readonly<Record<string, (amount: number) => Promise<number>>> = {
  /** So many MiB. */
  receive: async (mebibytes) => {
    const socket = side.connect(port)
    await once(socket, 'secureConnect')
    const began = performance.now()
    let received = 0
    socket.on('data', (bytes: Buffer) => {
      received += bytes.length
    })
    socket.write(String(mebibytes))
    await once(socket, 'end')
    const ms = performance.now() - began
    if (received !== mebibytes * 1024 * 1024) throw new Error(`Expected ${mebibytes} MiB, received ${received} bytes`)
    return ms
  },
  /** So many bytes there and back, one after the other. */
  'ping-pong': async (rounds) => {
    const socket = side.connect(port)
    await once(socket, 'secureConnect')
    const ping = Buffer.from('.')
    const began = performance.now()
    await new Promise<void>((resolve) => {
      let left = rounds
      socket.on('data', () => {
        left -= 1
        if (left > 0) socket.write(ping)
        else resolve()
      })
      socket.write(ping)
    })
    const ms = performance.now() - began
    socket.destroy()
    return ms
  },
  /** So many connections, each from TCP's handshake to 'close'; the server closes first. */
  handshakes: async (count) => {
    const began = performance.now()
    await times(count, 8, async () => {
      const socket = side.connect(port)
      await once(socket.resume(), 'close')
    })
    return performance.now() - began
  },
  /** So many connections that stay. */
  hold: async (count) => {
    await times(count, 64, async () => {
      const socket = side.connect(port)
      kept.push(socket)
      await once(socket, 'secureConnect')
      socket.resume()
    })
    return kept.length
  },
}

async function times(count: number, concurrency: number, action: () => Promise<void>): Promise<void> {
  let left = count
  const worker = async (): Promise<void> => {
    while (left-- > 0) await action()
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}

async function run(amount: number): Promise<readonly number[]> {
  const act = works[work]
  if (act === undefined) throw new Error(`Expected a work, received ${work}`)
  return [await act(amount)]
}

async function memory(): Promise<readonly number[]> {
  return [(await memoryAtRest()).rss, kept.length]
}

answerParent({ 'warm-up': () => run(Math.ceil(size / 5)), go: () => run(size), cpu: cpuTime, memory })
