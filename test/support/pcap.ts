/**
 * A capture file of TCP connections, made of the bytes that each side sent: for programs that read nothing else. The
 * format is pcap (draft-ietf-opsawg-pcap), each packet IPv4 and TCP without a link layer; checksums are left at 0.
 */
import type { Side } from '../../lib/tls/records.js'

/** What one side sent at a time: any number of bytes, and FIN behind them. */
export interface Sent {
  readonly from: Side
  readonly bytes: Buffer
  readonly fin?: boolean
}

/** A port of the client's for each connection; the server's is `serverPort`. */
export interface CapturedConnection {
  readonly clientPort: number
  readonly sent: readonly Sent[]
}

export const serverPort = 44330

/** Bytes of TCP's content in a packet, as on Ethernet: records lie across packets. */
const segmentLength = 1448

/** The content of the file. */
export function pcapOf(connections: readonly CapturedConnection[]): Buffer {
  const header = Buffer.alloc(24)
  const [magic, linkTypeRaw, snapLength] = [0xa1b2c3d4, 101, 65_535]
  header.writeUInt32LE(magic, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(snapLength, 16)
  header.writeUInt32LE(linkTypeRaw, 20)
  const packets = connections.flatMap(packetsOf)
  return Buffer.concat([header, ...packets.flatMap((packet, index) => [recordHeader(packet, index), packet])])
}

/** A millisecond between packets. */
function recordHeader(packet: Buffer, index: number): Buffer {
  const header = Buffer.alloc(16)
  header.writeUInt32LE(1_700_000_000 + Math.floor(index / 1000), 0)
  header.writeUInt32LE((index % 1000) * 1000, 4)
  header.writeUInt32LE(packet.length, 8)
  header.writeUInt32LE(packet.length, 12)
  return header
}

const flags = { fin: 0x01, syn: 0x02, push: 0x08, ack: 0x10 } as const
const nothing = Buffer.alloc(0)

function packetsOf({ clientPort, sent }: CapturedConnection): Buffer[] {
  const next = { client: 0, server: 0 }
  const packet = (from: Side, mask: number, content: Buffer): Buffer => {
    const other = from === 'client' ? 'server' : 'client'
    const [source, destination] = from === 'client' ? [clientPort, serverPort] : [serverPort, clientPort]
    const tcp = Buffer.alloc(20)
    tcp.writeUInt16BE(source, 0)
    tcp.writeUInt16BE(destination, 2)
    tcp.writeUInt32BE(next[from], 4)
    tcp.writeUInt32BE((mask & flags.ack) === 0 ? 0 : next[other], 8)
    tcp.writeUInt8(5 << 4, 12)
    tcp.writeUInt8(mask, 13)
    tcp.writeUInt16BE(65_535, 14)
    next[from] += content.length + ((mask & (flags.syn | flags.fin)) === 0 ? 0 : 1)
    return Buffer.concat([ipHeader(from, tcp.length + content.length), tcp, content])
  }
  const segments = ({ from, bytes, fin = false }: Sent): Buffer[] => [
    ...cut(bytes).map((content) => packet(from, flags.ack | flags.push, content)),
    ...(fin ? [packet(from, flags.ack | flags.fin, nothing)] : []),
  ]
  const opening = [
    packet('client', flags.syn, nothing),
    packet('server', flags.syn | flags.ack, nothing),
    packet('client', flags.ack, nothing),
  ]
  return [...opening, ...sent.flatMap(segments)]
}

/** Into segments of TCP, in order. */
export function cut(bytes: Buffer): Buffer[] {
  const count = Math.ceil(bytes.length / segmentLength)
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * segmentLength, (i + 1) * segmentLength))
}

function ipHeader(from: Side, length: number): Buffer {
  const header = Buffer.alloc(20)
  const [tcp, timeToLive] = [6, 64]
  header.writeUInt8(0x45, 0)
  header.writeUInt16BE(header.length + length, 2)
  header.writeUInt8(timeToLive, 8)
  header.writeUInt8(tcp, 9)
  // For documentation: RFC 5737.
  const addresses = { client: [192, 0, 2, 1], server: [192, 0, 2, 2] }
  header.set(addresses[from], 12)
  header.set(addresses[from === 'client' ? 'server' : 'client'], 16)
  return header
}
