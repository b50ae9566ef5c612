// How many bytes of the program's never reached the kernel, as exactly as that can be known.
import type { TLSSocket } from 'node:tls'
import type { NodeSsl } from '../native/node-ssl.js'
import { alertLength, recordHeaderLength, tagLength } from '../tls/record-format.js'
import { isTls13 } from '../tls/versions.js'
import type { OutputProgress } from './output-progress.js'
import { bytesBeingWritten, bytesGivenToTls } from './socket-internals.js'

/** A joined socket, for the question what of its output has left. */
export interface Output {
  readonly socket: TLSSocket
  readonly handle: object
  readonly ssl: NodeSsl
  readonly evidence: { readonly output: OutputProgress; alertsSent(): number; hasWrittenCloseNotify(): boolean }
  /** Bytes that OpenSSL had written when the socket was joined. */
  readonly totalWhenJoined: number
  /** Bytes that had been written to the socket then. */
  readonly bytesWhenJoined: number
}

/**
 * Bytes that were written to the socket and that the kernel was not given as a whole record: without all of its record
 * the peer can decrypt none of it. Undefined where OpenSSL's output cannot be told apart into the writes that it came
 * from, and what is no write. Call while the SSL is alive.
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
  const nothingHasLeft = output.bytesWhenJoined === 0 && ssl.outputTotal() - left <= output.totalWhenJoined
  if (given !== undefined && nothingHasLeft) return waiting + given
  const overhead = recordOverhead(socket, ssl)
  if (overhead === undefined) return undefined
  const records = { overhead, most: ssl.maxFragment() }
  const alert = overhead + alertLength
  const closeNotify = evidence.hasWrittenCloseNotify() ? alert : 0
  const cut = plaintextLeft(ssl, writing, left, closeNotify, records)
  // Where other alerts lie is not known.
  const others = evidence.alertsSent() * alert - closeNotify
  if (others > 0 && cut !== plaintextLeft(ssl, writing, left, closeNotify + others, records)) return undefined
  return cut === undefined ? undefined : waiting + cut
}

/** The records that a write is cut into. */
interface Records {
  /** Bytes by which a record is longer than its plaintext. */
  readonly overhead: number
  /** Bytes of plaintext that one holds at most, as it is now. */
  readonly most: number
}

// OpenSSL buffers so much of its output in a handshake.
const handshakeBuffer = 4096

/** The plaintext of the records of the write that is going on, of those that have not left whole. */
function plaintextLeft(
  ssl: NodeSsl,
  writing: number,
  left: number,
  alerts: number,
  records: Records,
): number | undefined {
  const { knownFrom, from, to, mayBeginWithData } = ssl.handshakeOutput()
  const total = ssl.outputTotal()
  // Output that is to leave begins here.
  const cut = total - left
  if (cut < knownFrom) return undefined
  if (from === to || cut >= to) return plaintextOfTail(writing, left - alerts, records)
  // Before TLS 1.3 a handshake may have changed the cipher.
  if (!isTls13(ssl.version())) return undefined
  const behind = total - to - alerts
  // OpenSSL encrypts a write in one go. With data behind the handshake's output, it lies behind it as a whole.
  if (behind > 0) return cut < from ? undefined : plaintextOfTail(writing, behind, records)
  if (behind < 0) return undefined
  let dataTo = from
  if (mayBeginWithData) {
    // The only write of the callback: it begins where the handshake's output before it ended.
    const encrypted = encryptedLength(writing, records)
    const isThatWrite = knownFrom + encrypted - bufferedOf(writing, records) === from
    if (writing === 0 || !isThatWrite) return undefined
    dataTo = knownFrom + encrypted
  }
  return plaintextOfTail(writing, Math.max(0, dataTo - cut), records)
}

/** How much of a write's output waits in OpenSSL's buffer when it was written in the callback of a handshake. */
function bufferedOf(written: number, records: Records): number {
  const last = lastRecord(written, records) + records.overhead
  return last <= handshakeBuffer ? last : 0
}

function encryptedLength(written: number, { overhead, most }: Records): number {
  return written + Math.ceil(written / most) * overhead
}

/** The plaintext of a write's last record, the shorter one. */
function lastRecord(written: number, { most }: Records): number {
  return written % most > 0 ? written % most : most
}

/** The plaintext of the records of one write whose last `bytes` have not left; undefined when it is not so long. */
function plaintextOfTail(written: number, bytes: number, records: Records): number | undefined {
  let left = bytes
  let plaintext = 0
  while (left > 0) {
    if (plaintext === written) return undefined
    const record = plaintext === 0 ? lastRecord(written, records) : records.most
    plaintext += record
    left -= record + records.overhead
  }
  return plaintext
}

/** How many bytes a record is longer than its plaintext; undefined for ciphers that pad, and while none is agreed on. */
function recordOverhead(socket: TLSSocket, ssl: NodeSsl): number | undefined {
  const cipher: { readonly standardName: string } | undefined = socket.getCipher()
  if (cipher === undefined) return undefined
  const { standardName } = cipher
  const tag = standardName.endsWith('CCM_8') ? 8 : tagLength
  // RFC 8446 section 5.2: a byte for the type.
  if (isTls13(ssl.version())) return recordHeaderLength + 1 + tag
  // RFC 7905 has no explicit nonce; RFC 5288 and RFC 6655 have 8 bytes of it.
  if (standardName.includes('CHACHA20')) return recordHeaderLength + tag
  return /GCM|CCM/.test(standardName) ? recordHeaderLength + 8 + tag : undefined
}
