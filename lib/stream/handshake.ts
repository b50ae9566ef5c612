// What a handshake begins with, and the error that it ends in.
import type { Ssl } from '../openssl/index.js'
import { OpenSSL } from '../openssl/openssl.js'
import type { CheckedStreamOptions } from './options.js'
import { SslError } from './ssl-error.js'
import { chainError, isDistrust } from './verification.js'

/** It tells of tickets of TLS 1.3 when it is told to. */
export function createSsl(options: CheckedStreamOptions): Ssl {
  const { context, servername, session, rejectUnauthorized, SNICallback, ALPNCallback } = options
  const { openssl } = context
  const resumed = session === undefined || !(openssl instanceof OpenSSL) ? undefined : openssl.sessionFrom(session)
  try {
    const ssl = context.createSsl({
      ...(servername !== undefined && context.side === 'client' && { servername }),
      ...(resumed !== undefined && { session: resumed }),
    })
    // The handshake goes on, and `authorizationError` tells. A server's context says whether clients are asked.
    if (!rejectUnauthorized && (context.side === 'client' || ssl.getVerifyMode() !== 'none')) ssl.setVerify('report')
    if (SNICallback !== undefined || ALPNCallback !== undefined) ssl.holdClientHello()
    ssl.tellTickets(false)
    return ssl
  } finally {
    resumed?.free()
  }
}

/** Why OpenSSL does not trust the peer, where that has ended the handshake. */
export function distrustOf(error: Error, ssl: Ssl | undefined): (Error & { readonly code: string }) | undefined {
  return error instanceof SslError && ssl !== undefined && isDistrust(error) ? chainError(ssl, error) : undefined
}
