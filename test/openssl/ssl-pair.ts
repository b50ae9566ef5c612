/** Two Ssl objects of one library that talk to each other without a socket. */
import type { OpenSSL, Ssl, SslContext, SslContextOptions, SslOptions, SslResult } from '../../lib/openssl/index.js'
import { certificate } from '../support/certificate.js'

export const identity = { cert: certificate.cert, key: certificate.key } as const

export interface PairOptions {
  readonly version?: 'TLSv1.2' | 'TLSv1.3'
  readonly client?: Partial<SslContextOptions>
  readonly server?: Partial<SslContextOptions>
  readonly clientSsl?: SslOptions
  readonly serverSsl?: SslOptions
}

export interface SslPair {
  readonly client: Ssl
  readonly server: Ssl
  readonly clientContext: SslContext
  readonly serverContext: SslContext
}

/** Made, and nothing said yet. */
export function makePair(openssl: OpenSSL, options: PairOptions = {}): SslPair {
  const range = options.version === undefined ? {} : { minVersion: options.version, maxVersion: options.version }
  const clientContext = openssl.createContext({ side: 'client', ...range, ...options.client })
  const serverContext = openssl.createContext({ side: 'server', ...identity, ...range, ...options.server })
  const client = clientContext.createSsl(options.clientSsl)
  const server = serverContext.createSsl(options.serverSsl)
  return { client, server, clientContext, serverContext }
}

/** After the handshake, with nothing on its way: tickets are read too. */
export function connectPair(openssl: OpenSSL, options: PairOptions = {}): SslPair {
  const pair = makePair(openssl, options)
  const results = handshake(pair)
  if (results.client.value !== 1 || results.server.value !== 1) {
    throw new Error(`The handshake failed: ${JSON.stringify(results)}`)
  }
  settle(pair)
  return pair
}

/** Handshakes until both are done or nothing moves: the last result of each, or the first that is an error. */
export function handshake({ client, server }: Pick<SslPair, 'client' | 'server'>): {
  readonly client: SslResult
  readonly server: SslResult
} {
  const again = (ssl: Ssl, last: SslResult) => (last.error.startsWith('SSL_ERROR_WANT_') ? ssl.doHandshake() : last)
  let results = { client: client.doHandshake(), server: server.doHandshake() }
  while (move(client, server) + move(server, client) > 0) {
    results = { client: again(client, results.client), server: again(server, results.server) }
  }
  return results
}

/** Moves what waits from one to the other: how many bytes. */
export function move(from: Ssl, to: Ssl): number {
  const bytes = from.transmit()
  to.receive(bytes)
  return bytes.length
}

/** Lets both read what is no data, until nothing is on its way: tickets, key updates. */
export function settle({ client, server }: Pick<SslPair, 'client' | 'server'>): void {
  do {
    for (const ssl of [client, server]) {
      const { error, data } = ssl.read()
      if (data.length > 0) throw new Error('There was data on its way')
      if (error === 'SSL_ERROR_SSL') throw new Error('Reading failed')
    }
  } while (move(client, server) + move(server, client) > 0)
}

/** Moves what `from` wrote and reads it all at `to`. */
export function deliver(from: Ssl, to: Ssl): Buffer {
  move(from, to)
  const parts: Buffer[] = []
  for (;;) {
    const { value, data } = to.read()
    if (value <= 0) return Buffer.concat(parts)
    parts.push(data)
  }
}
