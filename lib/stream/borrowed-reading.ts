// Reading into one memory that all sockets of this thread share, as the option `onread` of Node's sockets has it: without it
// Node takes 64 KiB anew for every read, which costs more than to decrypt a short record.
import type { Socket } from 'node:net'
import { handleOf } from '../closure/socket-internals.js'

// As much as libuv asks for.
const memory = Buffer.allocUnsafeSlow(64 * 1024)

/** Takes bytes that are overwritten when it returns. */
type Take = (borrowed: Buffer) => void

/** Gives the bytes to the socket's stream from now on, as if there had never been a shared memory. */
type StopBorrowing = () => void

/**
 * Has a socket call `take` in place of push() with what it reads. Undefined, and nothing is changed, where it has an `onread`
 * of its own or Node's sockets are others.
 */
export function borrowReads(socket: Socket, take: Take): StopBorrowing | undefined {
  const keys = keysOf(socket)
  const handle = handleOf(socket)
  const useUserBuffer: unknown = handle === undefined ? undefined : Reflect.get(handle, 'useUserBuffer')
  if (keys === undefined || typeof useUserBuffer !== 'function') return undefined
  if (Reflect.get(socket, keys.buffer) !== null || Reflect.get(socket, keys.callback) !== null) return undefined
  const setCallback = (callback: (length: number) => boolean): void => {
    Reflect.set(socket, keys.callback, callback)
  }
  Reflect.set(socket, keys.buffer, memory)
  setCallback((length) => {
    take(memory.subarray(0, length))
    return true
  })
  Reflect.apply(useUserBuffer, handle, [memory])
  return () => {
    setCallback((length) => socket.push(Buffer.from(memory.subarray(0, length))))
  }
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
