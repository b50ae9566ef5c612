/** Connections in memory, two SSLs each, and how they are closed: no socket, no stream. */
import type { OpenSSL, Ssl, SslContext } from '../../../lib/openssl/index.js'
import { certificate, key } from '../../support/certificate.js'

export const protocols = ['TLSv1.2', 'TLSv1.3'] as const
export type Protocol = (typeof protocols)[number]

/** The side that closes first, a server, and its peer. */
export interface Pair {
  readonly near: Ssl
  readonly far: Ssl
}

export interface Contexts {
  readonly server: SslContext
  readonly client: SslContext
}

// One cipher for all builds, which without it would choose differently.
const ciphers = 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256'
const ciphersuites = 'TLS_AES_128_GCM_SHA256'

export function createContexts(openssl: OpenSSL, protocol: Protocol): Contexts {
  // BoringSSL takes no list for TLS 1.3.
  const list = openssl.kind === 'OpenSSL' ? { ciphers, ciphersuites } : { ciphers }
  const common = { minVersion: protocol, maxVersion: protocol, ...list } as const
  return {
    server: openssl.createContext({ side: 'server', cert: certificate, key, ...common }),
    client: openssl.createContext({ side: 'client', ...common }),
  }
}

/**
 * Both sides with their handshake done, a byte sent and nothing left to read. BoringSSL sends its session tickets with
 * the first data, or with the alert where there was none.
 */
export function connectPair({ server, client }: Contexts): Pair {
  const pair = { near: server.createSsl(), far: client.createSsl() }
  const { near, far } = pair
  for (let round = 0, done = false; !done; round += 1) {
    if (round === 10) throw new Error('Expected the handshake to be done')
    const farDone = far.doHandshake().value === 1
    near.receive(far.transmit())
    done = near.doHandshake().value === 1 && farDone
    far.receive(near.transmit())
  }
  near.write(Buffer.from('.'))
  far.receive(near.transmit())
  if (far.read().data.toString() !== '.' || far.read().error !== 'SSL_ERROR_WANT_READ')
    throw new Error('Expected one byte of data')
  for (const ssl of [near, far]) ssl.takeEvents()
  return pair
}

/**
 * A whole bidirectional close: close_notify goes there, is read, is answered, and the answer is read. Returns how many
 * records were passed. `carry` stands in for the network.
 */
export function closeBothWays({ near, far }: Pair, carry: (bytes: Buffer) => Buffer = carryAll): number {
  const alert = carry(near.shutdownAndTransmit().output)
  let records = countRecords(alert)
  far.receive(alert)
  far.read(1)
  const answer = carry(far.shutdownAndTransmit().output)
  records += countRecords(answer)
  near.receive(answer)
  // Reads the answer: 1.
  near.shutdown()
  return records
}

function carryAll(bytes: Buffer): Buffer {
  return bytes
}

const headerBytes = 5

function countRecords(bytes: Buffer): number {
  let records = 0
  for (let at = 0; at + headerBytes <= bytes.length; records += 1) at += headerBytes + bytes.readUInt16BE(at + 3)
  return records
}

/** Whether each side has sent a close_notify and has received one: by the alerts that OpenSSL told of. */
export function isBidirectional({ near, far }: Pair): boolean {
  return [near, far].every((ssl) => {
    const alerts = ssl.takeEvents().filter((event) => event.type === 'alert')
    const directions = alerts.filter(({ name }) => name === 'close_notify').map(({ direction }) => direction)
    return alerts.length === 2 && directions.includes('sent') && directions.includes('received')
  })
}

export function freePair({ near, far }: Pair): void {
  near.free()
  far.free()
}
