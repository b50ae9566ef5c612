// What it means to a connection that OpenSSL gives a result, and that there is none.
import type { SslResult } from '../openssl/index.js'
import { protocolNumbers, type SslProtocol } from '../tls/versions.js'

/** OpenSSL waits for an answer to the ClientHello. BoringSSL names it otherwise. */
export function isWaitingForUs({ error }: SslResult): boolean {
  return error === 'SSL_ERROR_WANT_CLIENT_HELLO_CB' || error === 'SSL_ERROR_PENDING_CERTIFICATE'
}

/** Nothing is wrong, and there may be more to read: so OpenSSL 3.2 and newer have it behind a warning such as user_canceled. */
export function isInterrupted({ value, error, queue }: SslResult): boolean {
  return value <= 0 && error === 'SSL_ERROR_SYSCALL' && queue.length === 0
}

/** OpenSSL cannot go on. */
export function isFailure(result: SslResult): boolean {
  const { value, error } = result
  if (value > 0 || error === 'SSL_ERROR_WANT_READ' || error === 'SSL_ERROR_WANT_WRITE') return false
  return !isInterrupted(result)
}

/** One of the versions that a stream tells of; undefined for any other. */
export function protocolNamed(name: string): SslProtocol | undefined {
  for (const protocol in protocolNumbers) {
    if (protocol === name && isProtocol(protocol)) return protocol
  }
  return undefined
}

function isProtocol(name: string): name is SslProtocol {
  return name in protocolNumbers
}

/** The error of a connection that the peer has ended, with the code that Node's own TLS has for it. */
export function connectionReset(isSecured: boolean): Error {
  const message = isSecured ? 'read ECONNRESET' : 'The peer ended the connection before the TLS handshake was done'
  return Object.assign(new Error(message), { code: 'ECONNRESET' })
}
