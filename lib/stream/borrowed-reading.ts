// Reading into one memory that all sockets of this thread share, as the option `onread` of Node's sockets has it: without it
// Node takes 64 KiB anew for every read, which costs more than to decrypt a short record.
import type { Socket } from 'node:net'
import { handleOf } from '../closure/socket-internals.js'

// As much as libuv asks for.
const memory = Buffer.allocUnsafeSlow(64 * 1024)

/** Told, as a method of the socket, how many bytes lie in that memory, which are overwritten when it returns. */
export type Lent = (this: Socket, length: number) => boolean

// A view costs about as much as a call of the addon: those of short records are kept.
const keptViews = 256
const views: (Buffer | undefined)[] = Array.from({ length: keptViews })

/** The first so many bytes of that memory: a view that others have in common. */
export function lentBytes(length: number): Buffer {
  if (length >= keptViews) return memory.subarray(0, length)
  const view = views[length] ?? memory.subarray(0, length)
  views[length] = view
  return view
}

/**
 * Has a socket call that in place of push() with what it reads. False, and nothing is changed, where it has an `onread` of
 * its own or Node's sockets are others.
 */
export function lendMemory(socket: Socket, lent: Lent): boolean {
  const keys = keysOf(socket)
  const handle = handleOf(socket)
  const useUserBuffer: unknown = handle === undefined ? undefined : Reflect.get(handle, 'useUserBuffer')
  if (keys === undefined || typeof useUserBuffer !== 'function') return false
  if (Reflect.get(socket, keys.buffer) !== null || Reflect.get(socket, keys.callback) !== null) return false
  Reflect.set(socket, keys.buffer, memory)
  Reflect.set(socket, keys.callback, lent)
  Reflect.apply(useUserBuffer, handle, [memory])
  return true
}

interface Keys {
  readonly buffer: symbol
  readonly callback: symbol
}

// The same for all sockets: they need not be searched again.
let known: Keys | undefined

function keysOf(socket: Socket): Keys | undefined {
  if (known !== undefined) return known
  const symbols = Object.getOwnPropertySymbols(socket)
  const buffer = symbols.find((symbol) => symbol.description === 'kBuffer')
  const callback = symbols.find((symbol) => symbol.description === 'kBufferCb')
  const maker = symbols.find((symbol) => symbol.description === 'kBufferGen')
  if (buffer === undefined || callback === undefined || maker === undefined) return undefined
  if (Reflect.get(socket, maker) !== null) return undefined
  known = { buffer, callback }
  return known
}
