/**
 * The second pair of eyes for clients: it meets a client with a stock server of Node's and the recording relay, which
 * have nothing to do with the peers of the lab, and tells from the record how the client closed.
 *
 * The server never closes: what ends its response (close_notify alone, FIN, RST) the relay puts on the wire in its name,
 * in one write with the end of the response.
 */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import { caVariables, commandFor } from '../../../lib/lab/assess/words.js'
import { runCommand } from '../../../lib/lab/assess/run-command.js'
import type { Credentials } from '../../../lib/lab/credentials.js'
import type { Closing } from '../../../lib/lab/peers/log.js'
import { type Relay, startRelay } from '../../support/relay.js'
import { alertRecord, type Crafted, fin, type OnRecord, rst } from '../../support/tampering.js'
import type { Wire, WireEvent } from '../../support/wire.js'

/** Ciphers that the relay can decrypt. */
export const decryptable =
  'ECDHE+AESGCM:ECDHE+CHACHA20:TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256'

/** What a client is met with; each is also a profile of the lab. */
export const situations = ['mutual-wait', 'schannel', 'bare-fin', 'truncates', 'truncates-by-reset'] as const

export type Situation = (typeof situations)[number]

export interface ClientSight {
  /** How it closed each connection on which it had asked for something. */
  readonly closings: readonly Closing[]
  /** What became of the program. */
  readonly exit: 'success' | 'failure' | 'hung'
}

export interface ClientJudgeOptions {
  /** As `assess` takes it. */
  readonly command: readonly string[]
  readonly content: Buffer
  readonly timeout: number
  readonly credentials: Credentials
  /** Where the file with the certificate is written. */
  readonly folder: string
  readonly signal: AbortSignal
}

export async function meetClient(situation: Situation, options: ClientJudgeOptions): Promise<ClientSight> {
  const { command, content, timeout, credentials, folder, signal } = options
  const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: ${content.length}\r\n\r\n`
  const whole = Buffer.concat([Buffer.from(head), content])
  const sent = isCut(situation) ? whole.subarray(0, head.length + Math.floor(content.length / 2)) : whole
  const { server, stop } = await startServer(credentials, sent)
  let relay: Relay | undefined
  try {
    relay = await startRelay({ port: portOf(server), onRecord: endingOf(situation, sent.length) })
    const { keys } = relay
    server.on('keylog', (line: Buffer) => keys.add(line))
    const ca = path.join(folder, 'judge-ca.pem')
    await writeFile(ca, credentials.cert)
    const watching = new AbortController()
    const farewells = sayFarewell(relay, situation, watching.signal)
    const run = await runCommand(commandFor(command, { port: relay.port, ca }), {
      ...{ timeout, maxOutput: 2 ** 20, signal },
      env: Object.fromEntries(caVariables.map((name) => [name, ca])),
    })
    await untilEnded(relay)
    watching.abort()
    await farewells
    const asked = relay.wires.filter((wire) => wire.eventsOf('client').some(({ kind }) => kind === 'data'))
    return {
      closings: asked.map((wire) => closingOf(wire.eventsOf('client'))),
      exit: run.isHung ? 'hung' : run.exitCode === 0 ? 'success' : 'failure',
    }
  } finally {
    await relay?.close()
    await stop()
  }
}

function isCut(situation: Situation): boolean {
  return situation === 'truncates' || situation === 'truncates-by-reset'
}

/** Each request gets the same bytes. */
async function startServer(
  { key, cert }: Credentials,
  sent: Buffer,
): Promise<{ server: Server; stop: () => Promise<void> }> {
  const sockets = new Set<TLSSocket>()
  const server = createServer({ key, cert, ciphers: decryptable, allowHalfOpen: true }, (socket: TLSSocket) => {
    socket.on('error', () => {})
    sockets.add(socket)
    let asked = ''
    socket.on('data', (bytes: Buffer) => {
      asked += bytes.toString('latin1')
      for (let end = asked.indexOf('\r\n\r\n'); end !== -1; end = asked.indexOf('\r\n\r\n')) {
        asked = asked.slice(end + 4)
        socket.write(sent)
      }
    })
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    // One that has read the end does not hear of an RST.
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return { server, stop }
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  return address.port
}

const closeNotify = alertRecord('warning', 'close_notify')

const endings: Readonly<Record<Situation, readonly Crafted[]>> = {
  'mutual-wait': [],
  schannel: [closeNotify],
  'bare-fin': [fin],
  truncates: [fin],
  'truncates-by-reset': [rst],
}

/** Of the server its handshake and its data pass, and behind each so many bytes of data comes the ending. */
function endingOf(situation: Situation, length: number): OnRecord {
  let bytes = 0
  return (record) => {
    if (record.from === 'client' || record.kind === 'handshake' || record.kind === 'change_cipher_spec') return 'pass'
    if (record.kind !== 'data') return 'drop'
    bytes += record.bytes.length
    return bytes % length === 0 ? ['pass', ...endings[situation]] : 'pass'
  }
}

/** Where the server waits for the client, its FIN answers the client's end: whoever waits for it shall not wait for ever. */
async function sayFarewell(relay: Relay, situation: Situation, signal: AbortSignal): Promise<void> {
  const told = new Set<Wire>()
  while (!signal.aborted) {
    for (const wire of relay.wires) {
      const kinds = new Set(wire.eventsOf('client').map(({ kind }) => kind))
      const hasClosed = situation === 'mutual-wait' ? kinds.has('fin') : kinds.has('alert') || kinds.has('fin')
      if (told.has(wire) || kinds.has('rst') || !hasClosed || endings[situation].includes(fin)) continue
      told.add(wire)
      wire.send('server', [fin])
    }
    await sleep(5)
  }
}

/** A command's sockets end with it, and the relay sees that a moment later. */
export async function untilEnded(relay: Relay): Promise<void> {
  const end = performance.now() + 1000
  const hasEnded = (wire: Wire): boolean => wire.eventsOf('client').some(({ kind }) => kind === 'fin' || kind === 'rst')
  while (!relay.wires.every(hasEnded) && performance.now() < end) await sleep(5)
}

/** From the record alone, in the words of the lab's log. */
export function closingOf(events: readonly WireEvent[]): Closing {
  const has = (kind: 'fin' | 'rst'): boolean => events.some((event) => event.kind === kind)
  const alerts = events.filter((event) => event.kind === 'alert')
  const other = alerts.find(({ name }) => name !== 'close_notify' && name !== 'user_canceled')
  if (other !== undefined) return `alert:${other.name}`
  if (alerts.some(({ name }) => name === 'close_notify')) {
    if (has('fin')) return 'close_notify+fin'
    return has('rst') ? 'close_notify+reset' : 'close_notify'
  }
  if (has('fin')) return 'fin'
  return has('rst') ? 'reset' : 'open'
}
