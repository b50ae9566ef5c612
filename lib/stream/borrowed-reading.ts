// Reading into one memory that all sockets of this thread share, as the option `onread` of Node's sockets has it: without it
// Node takes 64 KiB anew for every read, which costs more than to decrypt a short record.
import type { Socket } from 'node:net'
import { handleOf, startReading } from '../closure/socket-internals.js'

// As much as libuv asks for.
const memory = Buffer.allocUnsafeSlow(64 * 1024)

/** Takes bytes that are overwritten when it returns. */
type Take = (borrowed: Buffer) => void

/** The reading of a socket into that memory. */
export interface BorrowedReading {
  /** Reads on although the socket is paused, until its stream is full, as sockets do that have no `onread`: how TCP ends is noticed. */
  goOn(): void
  /** From now on all bytes go to the stream. */
  stop(): void
}

/**
 * Has a socket call `take` in place of push() with what it reads, as long as it flows and holds nothing. Undefined, and
 * nothing is changed, where it has an `onread` of its own or Node's sockets are others.
 */
export function borrowReads(socket: Socket, take: Take): BorrowedReading | undefined {
  const keys = keysOf(socket)
  const handle = handleOf(socket)
  const useUserBuffer: unknown = handle === undefined ? undefined : Reflect.get(handle, 'useUserBuffer')
  if (keys === undefined || typeof useUserBuffer !== 'function') return undefined
  if (Reflect.get(socket, keys.buffer) !== null || Reflect.get(socket, keys.callback) !== null) return undefined
  let isStopped = false
  Reflect.set(socket, keys.buffer, memory)
  Reflect.set(socket, keys.callback, (length: number): boolean => {
    const borrowed = memory.subarray(0, length)
    if (isStopped || socket.readableFlowing !== true || socket.readableLength > 0) {
      return socket.push(Buffer.from(borrowed))
    }
    take(borrowed)
    return true
  })
  Reflect.apply(useUserBuffer, handle, [memory])
  return {
    goOn: () => {
      const live = socket.destroyed ? undefined : handleOf(socket)
      // What its stream has told to wait, waits.
      if (live !== undefined && socket.readableLength < socket.readableHighWaterMark) startReading(live)
    },
    stop: () => {
      isStopped = true
    },
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
