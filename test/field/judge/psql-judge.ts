/**
 * psql speaks no HTTP, and TLS only where its server agrees in the clear: `assess` has no server for it. It is met with a
 * real PostgreSQL, in front of which a stock socket of Node's does the TLS, and the recording relay cuts.
 */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { runCommand } from '../../../lib/lab/assess/run-command.js'
import { commandFor } from '../../../lib/lab/assess/words.js'
import type { Credentials } from '../../../lib/lab/credentials.js'
import type { KeyLog } from '../../../lib/tls/keys.js'
import { startRelay } from '../../support/relay.js'
import { alertRecord, type Crafted, fin, type OnRecord, rst } from '../../support/tampering.js'
import { type ClientSight, closingOf, decryptable, untilEnded } from './client-judge.js'

export const psqlSituations = ['whole', 'FIN', 'RST', 'close_notify and FIN'] as const

export type PsqlSituation = (typeof psqlSituations)[number]

export interface PsqlSight extends ClientSight {
  readonly situation: PsqlSituation
  /** Bytes of its standard output. */
  readonly printed: number
}

export interface PsqlJudgeOptions {
  /** With `{port}` and `{ca}`, that asks for a row of a million bytes. */
  readonly command: readonly string[]
  /** Of PostgreSQL. */
  readonly port: number
  readonly ca: string
  readonly credentials: Credentials
  readonly timeout: number
  readonly signal: AbortSignal
}

/** Runs psql once: with a whole result, or with one that is cut in its only row. */
export async function meetPsql(situation: PsqlSituation, options: PsqlJudgeOptions): Promise<PsqlSight> {
  const { command, port, ca, credentials, timeout, signal } = options
  const front = await startFront(port, credentials)
  try {
    const relay = await startRelay({ port: front.port, onRecord: cutting(situation) })
    front.tellKeys(relay.keys)
    try {
      const words = commandFor(command, { port: relay.port, ca })
      const run = await runCommand(words, { timeout, signal, maxOutput: 2 ** 21, env: {} })
      await untilEnded(relay)
      return {
        situation,
        closings: relay.wires.map((wire) => closingOf(wire.eventsOf('client'))),
        exit: run.isHung ? 'hung' : run.exitCode === 0 ? 'success' : 'failure',
        printed: run.stdout.length,
      }
    } finally {
      await relay.close()
    }
  } finally {
    await front.stop()
  }
}

const endings: Readonly<Record<PsqlSituation, readonly Crafted[]>> = {
  whole: [],
  FIN: [fin],
  RST: [rst],
  'close_notify and FIN': [alertRecord('warning', 'close_notify'), fin],
}

/** Far within the row, and far behind all that comes before it. */
const cutBehind = 100_000

function cutting(situation: PsqlSituation): OnRecord {
  let bytes = 0
  return (record) => {
    if (situation === 'whole' || record.from === 'client') return 'pass'
    if (bytes >= cutBehind) return 'drop'
    if (record.kind === 'data') bytes += record.bytes.length
    return bytes >= cutBehind ? ['pass', ...endings[situation]] : 'pass'
  }
}

interface Front {
  readonly port: number
  readonly tellKeys: (keys: KeyLog) => void
  readonly stop: () => Promise<void>
}

/** Answers SSLRequest (PostgreSQL's protocol, section 55.2.10) and hands what TLS brings on in the clear. */
async function startFront(port: number, { key, cert }: Credentials): Promise<Front> {
  const open = new Set<Socket>()
  let keys: KeyLog | undefined
  const server: Server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write('S')
      const secure = new TLSSocket(socket, { isServer: true, key, cert, ciphers: decryptable })
      const behind = connect({ port, host: '127.0.0.1' })
      open.add(behind)
      secure.on('keylog', (line: Buffer) => keys?.add(line))
      for (const each of [secure, behind]) each.on('error', () => {})
      secure.pipe(behind).pipe(secure)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  return {
    port: address.port,
    tellKeys: (log) => {
      keys = log
    },
    stop: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}
