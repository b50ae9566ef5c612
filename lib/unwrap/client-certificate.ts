import type { TLSSocket } from 'node:tls'
import { certificateDemand, noteServerHandshake, verifyErrorOf } from '../closure/socket-internals.js'

/**
 * Judges a client's certificate as tls.Server does, when a handshake is done; destroys the connection of a client that is
 * not admitted. `asks` is what was asked for in the beginning.
 */
export function admitClient(socket: TLSSocket, asks: boolean): boolean {
  const demand = certificateDemand(socket)
  if (!(demand.asks ?? asks)) {
    noteServerHandshake(socket, undefined)
    return true
  }
  const objection = verifyErrorOf(socket) ?? missingCertificate(socket)
  socket.authorized = objection === undefined
  if (objection !== undefined && demand.refuses) {
    socket.destroy(objection)
    return false
  }
  noteServerHandshake(socket, objection && codeOf(objection))
  return true
}

// A session of TLS 1.3 that is resumed counts as verified to Node, also where it began without a certificate.
function missingCertificate(socket: TLSSocket): Error | undefined {
  if (Object.keys(socket.getPeerCertificate()).length > 0) return undefined
  return Object.assign(new Error('The client has no certificate'), { code: 'UNABLE_TO_GET_ISSUER_CERT' })
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'UNSPECIFIED'
}
