/** MySQL and MariaDB: the server's handshake packet, version 10, and the client's SSLRequest ("Connection Phase"). */
import type { Dialogue } from '../dialogue.js'

const headerLength = 4
/** A handshake packet has about 100 bytes; an error has a text. */
const longestPacket = 1024

const capability = { protocol41: 0x0200, ssl: 0x0800, secureConnection: 0x8000 } as const

/** The server does not answer SSLRequest: TLS begins right behind it. */
export async function mysql(dialogue: Dialogue): Promise<void> {
  const expected = 'a handshake packet of version 10'
  const packet = await dialogue.take(expected, (buffer) => {
    if (buffer.length < headerLength) return 0
    const length = buffer.readUIntLE(0, 3)
    // The number of the packet is zero: it is the first.
    if (length === 0 || length > longestPacket || buffer.readUInt8(3) !== 0) throw dialogue.unexpected(expected)
    return buffer.length >= headerLength + length ? headerLength + length : 0
  })
  const payload = packet.subarray(headerLength)
  const kind = payload.readUInt8(0)
  if (kind === 0xff && payload.length >= 3) {
    throw dialogue.refused('the connection', `error ${payload.readUInt16LE(1)} ${payload.toString('utf8', 3)}`)
  }
  const capabilities = kind === 10 ? capabilitiesOf(payload) : undefined
  if (capabilities === undefined) throw dialogue.unexpected(expected, packet)
  if ((capabilities & capability.ssl) === 0) throw dialogue.refused('the handshake packet', 'it is without CLIENT_SSL')
  dialogue.say(sslRequest())
}

// Behind the version, which ends with a zero: 4 bytes of a number, 8 of a challenge, a zero, the lower capabilities.
function capabilitiesOf(payload: Buffer): number | undefined {
  const versionEnd = payload.indexOf(0, 1)
  const at = versionEnd + 1 + 4 + 8 + 1
  return versionEnd === -1 || payload.length < at + 2 ? undefined : payload.readUInt16LE(at)
}

function sslRequest(): Buffer {
  const packet = Buffer.alloc(headerLength + 32)
  packet.writeUIntLE(32, 0, 3)
  packet.writeUInt8(1, 3)
  packet.writeUInt32LE(capability.protocol41 | capability.ssl | capability.secureConnection, 4)
  const [maxPacketSize, utf8] = [1 << 24, 33]
  packet.writeUInt32LE(maxPacketSize, 8)
  packet.writeUInt8(utf8, 12)
  return packet
}
