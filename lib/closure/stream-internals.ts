// Undocumented members of Node's streams, which are looked for as those in socket-internals.ts are.
import { type Readable, Writable } from 'node:stream'
import { types } from 'node:util'

/** Whether pipe() hands data to _write() of a stream that is idle, past its write(), as Node does from a 26.x on. */
export const pipesPastWrite: boolean = 'writeKnownBuffer' in Writable

/** Whether a stream waits for somebody whom it is piped into. */
export function isAwaitingDrain(stream: Readable): boolean {
  const state = readableStateOf(stream)
  const writers: unknown = state && Reflect.get(state, 'awaitDrainWriters')
  return types.isSet(writers) ? writers.size > 0 : typeof writers === 'object' && writers !== null
}

/** Takes setEncoding() back, where nothing that has been decoded would be lost; whether that is so now. */
export function stopDecoding(stream: Readable): boolean {
  if (stream.readableEncoding === null) return true
  const state = readableStateOf(stream)
  if (state === undefined || stream.readableLength > 0) return false
  const decoder: unknown = Reflect.get(state, 'decoder')
  // Not with the beginning of a character in there.
  if (typeof decoder !== 'object' || decoder === null || Reflect.get(decoder, 'lastNeed') !== 0) return false
  Reflect.set(state, 'decoder', null)
  Reflect.set(state, 'encoding', null)
  return stream.readableEncoding === null
}

function readableStateOf(stream: Readable): object | undefined {
  const state: unknown = Reflect.get(stream, '_readableState')
  return typeof state === 'object' && state !== null ? state : undefined
}
