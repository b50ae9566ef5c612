/**
 * A connection of the judge's: a client of Node's own, which never closes by itself, through the recording relay of
 * test/support. What the judge sends in the end (close_notify alone, FIN alone) the relay puts on the wire in the
 * client's name, so that nothing of lib/openssl or of the probe takes part.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TlsVersion } from '../../../lib/tls/versions.js'
import { startRelay } from '../../support/relay.js'
import type { Crafted, OnRecord } from '../../support/tampering.js'
import type { Wire } from '../../support/wire.js'
import { host } from '../place.js'
import { dialogues, type Speech } from '../server.js'

export interface LineOptions {
  readonly port: number
  readonly version: TlsVersion
  readonly speech: Speech
  /** PEM: the server's own certificate. */
  readonly ca: string
  readonly session?: Buffer
  readonly signal: AbortSignal
}

export interface Line {
  readonly wire: Wire
  readonly client: TLSSocket
  readonly isResumed: boolean
  /** The last session that the server gave. */
  session(): Buffer | undefined
  /** Sends data, in one record, and right behind it, in one write, what is given. Afterwards the client is silent. */
  writeThen(bytes: Buffer, behind: readonly Crafted[]): void
  /** Puts something on the wire in the client's name. Afterwards the client is silent. */
  send(crafted: readonly Crafted[]): void
}

/** ms for connecting, STARTTLS and the handshake. */
const patience = 5000

/** Opens a connection, hands it over, and closes it: with FIN, then by force. */
export async function withLine<T>(options: LineOptions, use: (line: Line) => Promise<T>): Promise<T> {
  const { port, speech, signal } = options
  let onRecord: OnRecord = () => 'pass'
  const relay = await startRelay({ port, onRecord: (record) => onRecord(record) })
  const tcp = connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  tcp.on('error', () => {})
  let client: TLSSocket | undefined
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(patience)])
    await once(tcp, 'connect', { signal: within })
    if (speech.starttls !== undefined) await askForTls(tcp, speech.starttls, within)
    client = tlsOver(tcp, options)
    client.on('error', () => {})
    client.on('keylog', (line: Buffer) => relay.keys.add(line))
    let session: Buffer | undefined
    client.on('session', (der: Buffer) => {
      session = der
    })
    await secure(client, within)
    client.resume()
    const wire = await relay.nextWire()
    const silence: OnRecord = ({ from }) => (from === 'client' ? 'drop' : 'pass')
    const established = client
    return await use({
      ...{ wire, client, isResumed: client.isSessionReused() },
      session: () => session,
      writeThen(bytes, behind) {
        onRecord = (record) => {
          if (record.from !== 'client' || record.kind !== 'data') return 'pass'
          onRecord = silence
          return ['pass', ...behind]
        }
        established.write(bytes)
      },
      send(crafted) {
        onRecord = silence
        wire.send('client', crafted)
      },
    })
  } finally {
    client?.destroy()
    tcp.destroy()
    // Its FIN reaches the server before the relay ends all with RST.
    await sleep(10)
    await relay.close()
  }
}

function tlsOver(socket: Socket, { version, speech, ca, session }: LineOptions): TLSSocket {
  const client = connectTls({
    ...{ socket, ca, servername: host, minVersion: version, maxVersion: version },
    // Those that the relay can decrypt.
    ciphers: 'ECDHE+AESGCM:ECDHE+CHACHA20:TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256',
    ...(speech.request.kind === 'h2' && { ALPNProtocols: ['h2'] }),
    ...(session !== undefined && { session }),
  })
  // Otherwise it answers the server's close_notify, and what the server does then would be the answer to that.
  client.allowHalfOpen = true
  return client
}

async function secure(client: TLSSocket, signal: AbortSignal): Promise<void> {
  await once(client, 'secureConnect', { signal })
  // In TLS 1.2 a client is secure with the Finished of the server; let the record be counted on its way.
  await new Promise((resolve) => setImmediate(resolve))
}

async function askForTls(tcp: Socket, protocol: keyof typeof dialogues, signal: AbortSignal): Promise<void> {
  let heard = ''
  let wake: () => void = () => {}
  const listen = (bytes: Buffer): void => {
    heard += bytes.toString('latin1')
    wake()
  }
  const end = (): void => wake()
  tcp.on('data', listen)
  for (const event of ['end', 'close']) tcp.on(event, end)
  signal.addEventListener('abort', end)
  try {
    for (const step of dialogues[protocol]) {
      heard = ''
      if ('say' in step) tcp.write(step.say, 'latin1')
      while (!step.until.test(heard)) {
        signal.throwIfAborted()
        if (tcp.readableEnded || tcp.destroyed)
          throw new Error(`Expected ${step.until} of ${protocol}, heard: ${heard}`)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  } finally {
    tcp.off('data', listen)
    for (const event of ['end', 'close']) tcp.off(event, end)
    signal.removeEventListener('abort', end)
    tcp.pause()
  }
}
