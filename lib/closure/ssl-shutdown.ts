import type { NodeSsl } from '../native/node-ssl.js'
import { sslErrorNames } from '../tls/ssl-errors.js'
import { shutdownResult, type SslResult } from '../tls/ssl-result.js'

// Node's own library: the addon finds no other in the process.
const names = sslErrorNames('OpenSSL')

/** SSL_shutdown(3) on the SSL of a socket, once. */
export function sslShutdown(ssl: NodeSsl): SslResult {
  const { value, error, queue } = ssl.sslShutdown()
  return shutdownResult(value, error, queue, names)
}
