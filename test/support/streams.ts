/** Small things that every test of sockets needs. */
import { once as onceEvent, type EventEmitter } from 'node:events'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves at the event; rejects at 'error', unless that is the event. */
export async function once(emitter: EventEmitter, event: string): Promise<void> {
  await onceEvent(emitter, event)
}

export async function delay(ms: number): Promise<void> {
  await sleep(ms)
}

/** Everything that a stream gives until it closes, and how it ended. It never rejects. */
export interface Collected {
  readonly bytes: Buffer
  /** True when 'end' was emitted. */
  readonly ended: boolean
  readonly error: NodeJS.ErrnoException | undefined
}

/** Reads from the call on. Resolves at 'close'. */
export function collect(stream: Readable): Promise<Collected> {
  const chunks: Buffer[] = []
  let ended = false
  let error: NodeJS.ErrnoException | undefined
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  stream.once('end', () => (ended = true))
  stream.on('error', (reason) => (error ??= reason))
  return new Promise((resolve) => {
    stream.once('close', () => resolve({ bytes: Buffer.concat(chunks), ended, error }))
  })
}

/** The next bytes, `length` of them, without ending the stream. What is beyond them goes back into it. */
export async function readExactly(stream: Readable, length: number): Promise<Buffer> {
  for (;;) {
    const bytes: unknown = stream.read(length)
    if (Buffer.isBuffer(bytes) && bytes.length === length) return bytes
    if (stream.readableEnded || stream.destroyed) throw new Error(`Expected ${length} bytes before the stream's end`)
    await Promise.race([onceEvent(stream, 'readable'), onceEvent(stream, 'end'), onceEvent(stream, 'close')])
  }
}

/** Out of the present stack, and past whatever is ready in this turn of the event loop. */
export async function turns(count = 3): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
