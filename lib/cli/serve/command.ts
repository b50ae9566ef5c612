// `close-notify serve`: servers that misbehave on purpose, to point clients at.
import { writeFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import process from 'node:process'
import { Command } from 'commander'
import { ClosureError } from '../../errors.js'
import { type Fleet, startFleet } from '../../lab/peers/fleet.js'
import type { PeerLogEntry } from '../../lab/peers/log.js'
import type { PeerOptions } from '../../lab/peers/options.js'
import type { Peer } from '../../lab/peers/peer.js'
import { profiles, serverProfileNames } from '../../lab/peers/profiles.js'
import { aligned } from '../text.js'
import { exitCodes } from '../exit-codes.js'
import type { ExitCode } from '../exit-codes.js'
import { interruptible } from '../interruption.js'
import { addOptions } from '../options.js'
import { describeConnection, renderClients, renderProfiles } from '../peer-log.js'
import { serveOptions } from './options.js'
import type { ServeOptions } from './options.js'

const examples = `
Every profile answers HTTP/1.1 over TLS, and closes in its own way; a client that asks nothing is sent
bytes after a second. Each connection is printed when it has ended: how did the client close? At the end a
table tells it of all clients, by the profile.

Examples:
  close-notify serve --list
  close-notify serve --profile silent --port 4433
  close-notify serve --profile truncates --cut 100 --framing close --ca-file ca.pem
  close-notify serve --all --port 4400 --json
  close-notify serve --sni --port 4433 --ca-file ca.pem
  (then: curl --cacert ca.pem https://bare-fin.localhost:4433/)

Ctrl-C ends it. Exit codes: 0 it was ended; 1 it cannot listen there; 2 wrong options.`

export function serveCommand(done: (code: ExitCode) => void): Command {
  const command = new Command('serve')
    .summary('run servers that close in every known way, to test clients against')
    .description(
      'Runs TLS servers that close in every way known from the field, by the rules or not, and tells how their clients ' +
        'closed. They are for tests: their certificate is made on start and protects nothing.',
    )
    .addHelpText('after', examples)
    .action(async (options: ServeOptions) => done(await run(options, command)))
  return addOptions(command, serveOptions)
}

async function run(options: ServeOptions, command: Command): Promise<ExitCode> {
  const { profile, all, sni, list, json } = options
  if (list) {
    process.stdout.write(renderProfiles(profiles))
    return exitCodes.done
  }
  if (profile === undefined && !all && !sni) command.error('error: name a profile by --profile, or use --all or --sni')
  const onEntry = json ? printJson : printLine
  const fleet = await started(options, onEntry, command)
  if (fleet === undefined) return exitCodes.failed
  await using _ = fleet
  if (options.caFile !== undefined) writeFileSync(options.caFile, fleet.peers[0]?.ca ?? '')
  announce(fleet.peers, options)
  await interruptible(untilInterrupted)
  // Each connection that is open becomes an entry.
  await fleet.close()
  if (!json) process.stdout.write(renderClients(fleet.peers))
  return exitCodes.done
}

/** Undefined where the system does not let it listen, which is said on stderr. */
async function started(
  options: ServeOptions,
  onEntry: (entry: PeerLogEntry) => void,
  command: Command,
): Promise<Fleet | undefined> {
  try {
    return await startFleet({
      profiles: options.profile ?? serverProfileNames,
      sni: options.sni === true,
      peer: { ...peerOptions(options), onEntry },
    })
  } catch (error) {
    if (error instanceof ClosureError) command.error(`error: ${[error.message, ...error.detail].join('; ')}`)
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
    return undefined
  }
}

function peerOptions({ port, host, tls, body, framing, cut, hold, library }: ServeOptions): PeerOptions {
  return {
    ...(port !== undefined && { port }),
    ...(host !== undefined && { host }),
    ...(tls !== undefined && { versions: [tls] }),
    ...(body !== undefined && { body }),
    ...(framing !== undefined && { framing }),
    ...(cut !== undefined && { cut }),
    ...(hold !== undefined && { hold }),
    ...(library !== undefined && { library }),
  }
}

function announce(peers: readonly Peer[], { json, sni, caFile }: ServeOptions): void {
  const ca = peers[0]?.ca ?? ''
  if (json) {
    for (const { profile, host, port } of peers) {
      const url = urlOf({ profile, host, port }, sni === true)
      process.stdout.write(`${JSON.stringify({ kind: 'listening', profile: profile.name, host, port, url, ca })}\n`)
    }
    return
  }
  const rows = peers.map((peer) => [peer.profile.name, urlOf(peer, sni === true), peer.profile.does])
  const trust =
    caFile === undefined
      ? 'Its certificate is new: --ca-file FILE writes it, for clients to trust.'
      : `Clients have to trust ${caFile}, as in: curl --cacert ${caFile} ${rows[0]?.[1] ?? ''}`
  process.stdout.write([...aligned(rows), trust, 'Ctrl-C ends it.', ''].join('\n'))
}

function urlOf({ profile, host, port }: Pick<Peer, 'profile' | 'host' | 'port'>, sni: boolean): string {
  if (sni) return `https://${profile.name}.localhost:${port}/`
  const name = host === '127.0.0.1' ? 'localhost' : isIPv6(host) ? `[${host}]` : host
  return `https://${name}:${port}/`
}

function printJson(entry: PeerLogEntry): void {
  process.stdout.write(`${JSON.stringify({ kind: 'connection', ...entry })}\n`)
}

function printLine(entry: PeerLogEntry): void {
  process.stdout.write(`${entry.profile} #${entry.connection} ${describeConnection(entry)}\n`)
}

/** Ctrl-C is how it is meant to end. */
function untilInterrupted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
