/**
 * A server that answers one request per connection with a response of `messages.ts` and cuts it. The client's SNI
 * (`hostOf(cut)`) says where. What it ends with a close_notify goes through a relay of `endings.ts`.
 *
 *     const { port, failures } = await startCuttingServer('TLSv1.3')
 */
import { createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import { certificate } from '../../support/certificate.js'
import type { TlsVersion } from '../../support/pair.js'
import type { Relay } from '../../support/relay.js'
import { once } from '../../support/streams.js'
import { type Ending, startEndingRelay } from './endings.js'
import { HeldTls } from './held-tls.js'
import { cutOf } from './messages.js'

export interface CuttingServer {
  readonly port: number
  /** Errors of the server itself. */
  readonly failures: readonly unknown[]
}

// The length of its records is known.
const tls12Cipher = 'ECDHE-ECDSA-AES128-GCM-SHA256'

/** The same behind a relay, which puts that ending in the place of its close_notify. */
export async function startEndedServer(version: TlsVersion, ending: Ending): Promise<CuttingServer> {
  const relays: Relay[] = []
  const { port, failures } = await startCuttingServer(version, (line) => {
    for (const { keys } of relays) keys.add(line)
  })
  const relay = await startEndingRelay({ ending, from: 'server', port })
  relays.push(relay)
  return { port: relay.port, failures }
}

/** `onKeys` is given the lines of its key log. */
export async function startCuttingServer(
  version: TlsVersion,
  onKeys: (line: Buffer) => void = () => undefined,
): Promise<CuttingServer> {
  const { key, cert } = certificate
  const versions = { minVersion: version, maxVersion: version } as const
  const secureContext = createSecureContext({
    key,
    cert,
    ...versions,
    ciphers: `${tls12Cipher}:TLS_AES_128_GCM_SHA256`,
  })
  const failures: unknown[] = []
  const accepted = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (tcp) => {
    accepted.add(tcp)
    tcp.once('close', () => accepted.delete(tcp))
    const held = new HeldTls(
      tcp,
      (transport) => new TLSSocket(transport, { isServer: true, secureContext, ALPNProtocols: ['h2', 'http/1.1'] }),
    )
    held.tls.on('keylog', onKeys)
    answerOnce(held, version).catch((error: unknown) => {
      failures.push(error)
      tcp.destroy()
    })
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 512 })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  onTestFinished(() => {
    for (const tcp of accepted) tcp.destroy()
    server.close()
  })
  return { port: address.port, failures }
}

async function answerOnce(held: HeldTls, version: TlsVersion): Promise<void> {
  const { tls, tcp } = held
  if (!(await requestOf(tls))) return
  // Session tickets go first: they are no part of the response.
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
  const cut = cutOf(String(Reflect.get(tls, 'servername')))
  await held.sendCut(cut, version)
  await once(tls, 'close')
  tcp.destroy()
}

/** Resolves with whether a request came before the end. */
function requestOf(tls: TLSSocket): Promise<boolean> {
  let received = Buffer.alloc(0)
  return new Promise((resolve) => {
    tls.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes])
      if (tls.alpnProtocol === 'h2' ? hasHttp2Request(received) : received.includes('\n\r\n')) resolve(true)
    })
    tls.once('close', () => resolve(false))
  })
}

const clientPreface = 24
const frameHeader = 9
const headersFrame = 1

function hasHttp2Request(received: Buffer): boolean {
  let at = clientPreface
  while (at + frameHeader <= received.length) {
    const end = at + frameHeader + received.readUIntBE(at, 3)
    if (received[at + 3] === headersFrame && end <= received.length) return true
    at = end
  }
  return false
}
