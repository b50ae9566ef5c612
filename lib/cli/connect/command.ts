// `close-notify connect`: plays a client of a profile against a server, and tells what the server did.
import process from 'node:process'
import { Command } from 'commander'
import { ClosureError } from '../../errors.js'
import { connectAs, type ConnectOptions } from '../../lab/peers/connect.js'
import type { PeerLogEntry } from '../../lab/peers/log.js'
import { profiles } from '../../lab/peers/profiles.js'
import { parseTarget, type Target, targetName } from '../../lab/transport/target.js'
import { exitCodes } from '../exit-codes.js'
import type { ExitCode } from '../exit-codes.js'
import { readNamed } from '../input.js'
import { Interruption, interruptible } from '../interruption.js'
import { addOptions } from '../options.js'
import { layoutOf, print } from '../output.js'
import type { Layout } from '../output.js'
import { describeOther, renderProfiles } from '../peer-log.js'
import { connectOptions } from './options.js'
import type { ConnectCommandOptions } from './options.js'

const examples = `
Examples:
  close-notify connect --list
  close-notify connect --profile firefox example.org
  close-notify connect --profile gnutls-strict --tls TLSv1.2 --json localhost:4433

Exit codes: 0 the client took the response; 1 it did not, or there was no connection; 2 wrong options;
130 interrupted.`

export function connectCommand(done: (code: ExitCode) => void): Command {
  const command = new Command('connect')
    .summary('play a client that closes as known software does, against a server')
    .description(
      'Connects to a server as a client of a profile, asks for a page, closes as that client does, and tells how the ' +
        'server closed and what the client makes of the response.',
    )
    .argument('[host]', 'HOST, HOST:PORT or [ADDRESS]:PORT')
    .addHelpText('after', examples)
    .action(async (host: string | undefined, options: ConnectCommandOptions) => done(await run(host, options, command)))
  return addOptions(command, connectOptions)
}

async function run(host: string | undefined, options: ConnectCommandOptions, command: Command): Promise<ExitCode> {
  const { profile, list, caFile, json, output } = options
  if (list) return print(renderProfiles(profiles.filter(({ side }) => side === 'client')), output)
  if (profile === undefined) return command.error('error: name a profile by --profile; --list names them')
  if (host === undefined) return command.error('error: name the server: HOST or HOST:PORT')
  const ca = caFile === undefined ? {} : { ca: readNamed(caFile, command).toString() }
  try {
    const target = parseTarget(host)
    const entry = await interruptible(async (signal) => {
      const found = await connectAs(profile, { ...connectionTo(target, options), ...ca, signal })
      // One that was interrupted has its entry too, and it says nothing of the server.
      signal.throwIfAborted()
      return found
    })
    const text = json ? `${JSON.stringify(entry, null, 2)}\n` : rendered(entry, target, layoutOf(output))
    const printed = print(text, output)
    return entry.judgement?.verdict === 'accepted' ? printed : exitCodes.failed
  } catch (error) {
    if (error instanceof Interruption) throw error
    if (error instanceof ClosureError) return command.error(`error: ${[error.message, ...error.detail].join('; ')}`)
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
    return exitCodes.failed
  }
}

function connectionTo(target: Target, options: ConnectCommandOptions): ConnectOptions {
  const { tls, path, library, timeout, wait } = options
  const servername = options.servername ?? target.servername
  return {
    host: target.host,
    port: target.port,
    ...(servername !== undefined && { servername }),
    ...(tls !== undefined && { versions: [tls] }),
    ...(path !== undefined && { path }),
    ...(library !== undefined && { library }),
    ...(timeout !== undefined && { timeout }),
    ...(wait !== undefined && { wait }),
  }
}

function rendered(entry: PeerLogEntry, target: Target, { style }: Layout): string {
  const { profile, handshake, did, other, judgement, endedAt } = entry
  const how = handshake.kind === 'done' ? `${handshake.version} after ${handshake.at} ms` : 'no handshake'
  const steps = did.map(({ did: what, at, bytes }) => {
    return `  ${`${at} ms`.padStart(10)}  ${what}${bytes === undefined ? '' : `, ${bytes} bytes`}`
  })
  const result =
    handshake.kind === 'failed'
      ? style.alarm(`No handshake: ${handshake.reason}`)
      : judgement === undefined
        ? `The client came to no judgement`
        : `The client ${judgement.verdict} the response: ${judgement.because}`
  return [
    `${style.heading(`${profile} to ${targetName(target)}`)} ${style.aside(`${how}, through after ${endedAt} ms`)}`,
    ...steps,
    `The server: ${describeOther(other)}`,
    result,
    '',
  ].join('\n')
}
