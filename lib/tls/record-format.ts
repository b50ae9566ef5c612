// The numbers of the record layer: RFC 8446 section 5, RFC 5246 section 6.2.

export const contentType = { change_cipher_spec: 20, alert: 21, handshake: 22, data: 23 } as const

/** Type, version and length. */
export const recordHeaderLength = 5

/** A record's plaintext at most, in bytes. */
const maxPlaintextLength = 16384

/** The tag of an AEAD, but for the suites whose name ends in CCM_8, in bytes. */
export const tagLength = 16

/** Level and description. */
export const alertLength = 2

/** Whether a record can begin with those bytes, of which five are enough to tell. */
export function mayBeRecord(bytes: Buffer): boolean {
  const [type, major, minor] = bytes
  if (type === undefined || type < 20 || type > 24) return false
  if (major !== undefined && major !== 3) return false
  if (minor !== undefined && minor > 4) return false
  return bytes.length < recordHeaderLength || bytes.readUInt16BE(3) <= maxPlaintextLength + 2048
}

/** The header of a record; its version is that of TLS 1.2, as TLS 1.3 has it too. */
export function recordHeader(type: number, length: number): Buffer {
  const header = Buffer.from([type, 3, 3, 0, 0])
  header.writeUInt16BE(length, 3)
  return header
}
