// How many bytes of the program's never reached the kernel, as exactly as that can be known.
import type { TLSSocket } from 'node:tls'
import type { NodeSsl } from '../native/node-ssl.js'
import { alertLength, maxPlaintextLength, recordHeaderLength, tagLength } from '../tls/record-format.js'
import { isTls13 } from '../tls/versions.js'
import type { OutputProgress } from './output-progress.js'
import { bytesBeingWritten, bytesGivenToTls } from './socket-internals.js'

/** A joined socket, for the question what of its output has left. */
export interface Output {
  readonly socket: TLSSocket
  readonly handle: object
  readonly ssl: NodeSsl
  readonly evidence: { readonly output: OutputProgress; hasWrittenCloseNotify(): boolean }
  /** Bytes that OpenSSL had written when the handshake was done. */
  readonly totalWhenJoined: number
}

/**
 * Bytes that were written to the socket and that the kernel was not given as a whole record: without all of its record
 * the peer can decrypt none of it. Undefined where OpenSSL's output cannot be told apart into the writes that it came
 * from. Call while the SSL is alive.
 */
export function undeliveredBytes(output: Output): number | undefined {
  const { socket, handle, ssl, evidence } = output
  const left = evidence.output.left()
  // The stream counts a write until its callback, which comes in a later turn than the kernel takes it.
  const writing = bytesBeingWritten(socket)
  if (left === undefined || writing === undefined) return socket.writableLength === 0 && left === 0 ? 0 : undefined
  const waiting = socket.writableLength - writing
  if (left === 0) return waiting
  const given = bytesGivenToTls(handle)
  if (given !== undefined && ssl.outputTotal() - left <= output.totalWhenJoined) return waiting + given
  const overhead = recordOverhead(socket, ssl)
  if (overhead === undefined) return undefined
  const ofWrite = left - (evidence.hasWrittenCloseNotify() ? overhead + alertLength : 0)
  const cut = plaintextOfTail(writing, ofWrite, overhead)
  return cut === undefined ? undefined : waiting + cut
}

/** The plaintext of the records of one write whose last `bytes` have not left; undefined when it is not so long. */
function plaintextOfTail(written: number, bytes: number, overhead: number): number | undefined {
  let left = bytes
  let plaintext = 0
  while (left > 0) {
    if (plaintext === written) return undefined
    // The last record is the shorter one.
    const record =
      plaintext === 0 && written % maxPlaintextLength > 0 ? written % maxPlaintextLength : maxPlaintextLength
    plaintext += record
    left -= record + overhead
  }
  return plaintext
}

/** How many bytes a record is longer than its plaintext; undefined for ciphers that pad. */
function recordOverhead(socket: TLSSocket, ssl: NodeSsl): number | undefined {
  const { standardName } = socket.getCipher()
  const tag = standardName.endsWith('CCM_8') ? 8 : tagLength
  // RFC 8446 section 5.2: a byte for the type.
  if (isTls13(ssl.version())) return recordHeaderLength + 1 + tag
  // RFC 7905 has no explicit nonce; RFC 5288 and RFC 6655 have 8 bytes of it.
  if (standardName.includes('CHACHA20')) return recordHeaderLength + tag
  return /GCM|CCM/.test(standardName) ? recordHeaderLength + 8 + tag : undefined
}
