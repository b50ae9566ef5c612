// The messages of undici, and through it of the global fetch. undici hears of the end of a message by an error of its
// socket, and says on its documented diagnostics channels when a message of which socket begins and ends.
import { subscribe } from 'node:diagnostics_channel'
import { ownerOf } from '../closure/http-internals.js'
import { type Framing, unfinished } from './framing.js'

// The requests that undici has sent on a socket and not had the whole answer of.
const openRequests = new WeakMap<object, Set<object>>()
const socketsOfRequests = new WeakMap<object, object>()
const socketsOfUndici = new WeakSet()
let isFollowing = false

// The message that the end of the stream has cut, on a connection of undici's.
const unfinishedOfUndici: Framing = (socket) => {
  // Over HTTP/2 undici is a program like any other on Node's http2.
  if (ownerOf(socket) === 'http2') return unfinished(socket)
  return (openRequests.get(socket)?.size ?? 0) > 0 ? { kind: 'message' } : { kind: 'nothing' }
}

/** The same on any connection: one of undici's is known by what undici has said of it since {@link followUndici}. */
export const unfinishedOfAny: Framing = (socket) =>
  socketsOfUndici.has(socket) ? unfinishedOfUndici(socket) : unfinished(socket)

/** From now on undici's messages are known; for the life of the process. */
export function followUndici(): void {
  if (isFollowing) return
  isFollowing = true
  subscribe('undici:client:connected', (message) => {
    const socket = memberOf(message, 'socket')
    if (socket !== undefined) socketsOfUndici.add(socket)
  })
  subscribe('undici:client:sendHeaders', (message) => {
    const request = memberOf(message, 'request')
    const socket = memberOf(message, 'socket')
    if (request !== undefined && socket !== undefined) socketsOfRequests.set(request, socket)
  })
  // Not before: without the head of a response the error is undici's own, which its RetryAgent retries.
  subscribe('undici:request:headers', (message) => {
    const request = memberOf(message, 'request')
    const socket = request === undefined ? undefined : socketsOfRequests.get(request)
    if (request === undefined || socket === undefined) return
    const open = openRequests.get(socket) ?? new Set()
    openRequests.set(socket, open.add(request))
  })
  for (const name of ['undici:request:trailers', 'undici:request:error']) {
    subscribe(name, (message) => {
      const request = memberOf(message, 'request')
      const socket = request === undefined ? undefined : socketsOfRequests.get(request)
      if (request !== undefined && socket !== undefined) openRequests.get(socket)?.delete(request)
    })
  }
}

function memberOf(message: unknown, name: string): object | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  const member: unknown = Reflect.get(message, name)
  return typeof member === 'object' && member !== null ? member : undefined
}
