/** A tunnel by CONNECT of HTTP (RFC 9110, 9.3.6), with Node's own client on a connection that stands. */
import { request as httpRequest } from 'node:http'
import { codeOf, failureOfSocket, printable, quoted, TransportFailure } from './failure.js'
import type { Opening } from './opening.js'
import type { ProxyAddress } from './proxy-address.js'
import { type HostAndPort, targetName } from './target.js'

/** What comes behind the proxy's answer is the target's, and stays in the socket. */
export async function connectByHttp(
  opening: Opening,
  destination: HostAndPort,
  { credentials }: ProxyAddress,
): Promise<void> {
  const { socket } = opening
  const authority = targetName(destination)
  await opening.wait<true>((done) => {
    const request = httpRequest({
      method: 'CONNECT',
      path: authority,
      headers: { Host: authority, ...(credentials !== undefined && { 'Proxy-Authorization': basic(credentials) }) },
      createConnection: () => socket,
    })
    const onError = (error: Error) => opening.fail(failureOfRequest(error))
    // Node would call it ECONNRESET.
    const onEnd = () => opening.fail(new TransportFailure('proxy', { detail: 'it ended the connection' }))
    socket.once('end', onEnd)
    request
      .once('socket', () => socket.resume())
      .once('connect', ({ statusCode = 0, statusMessage = '' }, _socket, head: Buffer) => {
        socket.pause()
        if (head.length > 0) socket.unshift(head)
        if (statusCode >= 200 && statusCode < 300) done(true)
        else {
          const detail = `it answered ${printable(`${statusCode} ${statusMessage}`.trim())}`
          opening.fail(new TransportFailure('proxy', { detail }))
        }
      })
      .on('error', onError)
      .end()
    return () => {
      socket.off('end', onEnd)
      // Once its socket is gone it fails, too, and nobody needs to hear that.
      request.on('error', () => {}).off('error', onError)
    }
  })
}

function basic({ user, password }: { readonly user: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

// The parser's errors have the bytes that it could not read.
function failureOfRequest(error: Error): TransportFailure {
  const code = codeOf(error)
  if (code?.startsWith('HPE_') !== true) return failureOfSocket(error)
  const packet: unknown = Reflect.get(error, 'rawPacket')
  const received = packet instanceof Uint8Array ? `, received ${quoted(packet)}` : ''
  return new TransportFailure('proxy', { code, cause: error, detail: `expected an answer of HTTP${received}` })
}
