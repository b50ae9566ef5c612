// `close-notify probe`: how servers close, for people and for programs.
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { Command } from 'commander'
import { ClosureError } from '../../errors.js'
import { type Deviation, deviationsFrom } from '../../lab/probe/expect.js'
import type { ProbeOptions } from '../../lab/probe/options.js'
import { Prober } from '../../lab/probe/probe.js'
import type { ProbeResult } from '../../lab/probe/result.js'
import { parseTarget } from '../../lab/transport/target.js'
import { exitCodes } from '../exit-codes.js'
import type { ExitCode } from '../exit-codes.js'
import { interruptible } from '../interruption.js'
import { addOptions } from '../options.js'
import { layoutOf, print } from '../output.js'
import { displayProgress } from '../progress.js'
import { readResults } from './earlier.js'
import { hasFailed, probeMany, type ProbeSession } from './many.js'
import { type ProbeCommandOptions, probeOptions } from './options.js'
import { renderCsv, renderMarkdown } from './render/tables.js'
import { renderDeviations, renderText } from './render/text.js'

const examples = `
It opens six connections for each version of TLS, one after the other, and sends a request on two of them.

Examples:
  close-notify probe example.org
  close-notify probe --tls TLSv1.3 --path /large.bin --idle 30000 192.0.2.1:8443
  close-notify probe --starttls smtp mail.example.org
  close-notify probe --starttls ftp --ccc --login anonymous:guest ftp.example.org
  close-notify probe --json --output before.json example.org
  close-notify probe --expect before.json example.org
  close-notify probe --hosts hosts.txt --concurrency 50 --rate 20 --output results.ndjson

Exit codes: 0 every host was probed; 1 one could not be (its reason is in the output), or --expect found a
difference; 2 wrong options; 130 interrupted.`

export function probeCommand(done: (code: ExitCode) => void): Command {
  const command = new Command('probe')
    .summary('find out how TLS servers close')
    .description(
      'Finds out how TLS servers close: after a response, on close_notify, on FIN; whether they still send then, and ' +
        'whether sessions survive it. Says which way of closing to use towards them.',
    )
    .argument('[hosts...]', 'HOST, HOST:PORT or [ADDRESS]:PORT')
    .addHelpText('after', examples)
    .action(async (hosts: readonly string[], options: ProbeCommandOptions) => done(await run(hosts, options, command)))
  return addOptions(command, probeOptions)
}

async function run(hosts: readonly string[], options: ProbeCommandOptions, command: Command): Promise<ExitCode> {
  const expected = options.expect === undefined ? undefined : expectedFrom(options.expect, command)
  const { starttls } = options
  try {
    for (const host of hosts) parseTarget(host, starttls === undefined ? {} : { starttls })
    if (options.hosts !== undefined && hosts.length > 0) {
      command.error('error: hosts are named on the command line or by --hosts, not by both')
    }
    if (options.hosts === undefined && hosts.length === 0)
      command.error('error: there is no host to probe; name one, or a file of them by --hosts')
    using prober = new Prober(proberOptions(options, command))
    if (options.hosts !== undefined) return await probeMany(options.hosts, { prober, options, expected })
    return await probeFew(hosts, { prober, options, expected })
  } catch (error) {
    if (!(error instanceof ClosureError)) throw error
    return command.error(`error: ${[error.message, ...error.detail].join('; ')}`)
  }
}

/** Hosts of the command line: a few at a time, printed in their order. */
async function probeFew(hosts: readonly string[], { prober, options, expected }: ProbeSession): Promise<ExitCode> {
  const progress = displayProgress(process.stderr, 'hosts')
  const results = await interruptible(async (signal) => {
    const found: ProbeResult[] = []
    const waiting = [...hosts.entries()]
    let done = 0
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [index, host] = next
        found[index] = await prober.probe(host, signal)
        done += 1
        progress.show(done, hosts.length)
        if (options.ndjson) process.stdout.write(`${JSON.stringify(found[index])}\n`)
      }
    }
    const workers = Array.from({ length: Math.min(hosts.length, options.concurrency ?? 20) }, work)
    await Promise.all(workers)
    return found
  }).finally(() => progress.stop())

  const deviations = expected === undefined ? [] : results.flatMap((result) => deviationsFrom(expected, result))
  const printed = options.ndjson ? exitCodes.done : print(rendered(results, deviations, options), options.output)
  if (deviations.length > 0 && isForPrograms(options)) {
    process.stderr.write(renderDeviations(deviations, layoutOf('a file')))
  }
  return deviations.length > 0 || results.some(hasFailed) ? exitCodes.failed : printed
}

function isForPrograms({ json, ndjson, markdown, csv }: ProbeCommandOptions): boolean {
  return json === true || ndjson === true || markdown === true || csv === true
}

function rendered(
  results: readonly ProbeResult[],
  deviations: readonly Deviation[],
  { json, csv, markdown, output }: ProbeCommandOptions,
): string {
  if (json) return `${JSON.stringify(results.length === 1 ? results[0] : results, null, 2)}\n`
  if (csv) return renderCsv(results)
  if (markdown) return renderMarkdown(results)
  const layout = layoutOf(output)
  const texts = results.map((result) => renderText(result, layout))
  return [...texts, ...(deviations.length === 0 ? [] : [renderDeviations(deviations, layout)])].join('\n')
}

// --- Options ---

function expectedFrom(file: string, command: Command): readonly ProbeResult[] {
  try {
    return readResults(readFileSync(file, 'utf8'))
  } catch (error) {
    return command.error(`error: ${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function proberOptions(options: ProbeCommandOptions, command: Command): ProbeOptions {
  const { request, path, tls, starttls, servername, alpn, wait, timeout, totalTimeout, idle } = options
  const { cert, key, ca, library, proxy, ipv4, ipv6, userAgent, question } = options
  const sent = sentBytes(options, command)
  return {
    ...(sent !== undefined ? { request: sent } : request === undefined ? {} : { request }),
    ...(path !== undefined && { path }),
    ...(tls !== undefined && { versions: [tls] }),
    ...(question !== undefined && { questions: question }),
    ...(starttls !== undefined && { starttls }),
    ...cccOf(options, command),
    ...(servername !== undefined && { servername }),
    ...(alpn !== undefined && { alpn }),
    ...(wait !== undefined && { wait }),
    ...(timeout !== undefined && { timeout }),
    ...(totalTimeout !== undefined && { totalTimeout }),
    ...(idle !== undefined && { idle }),
    ...(cert !== undefined && { cert: readFileSync(cert) }),
    ...(key !== undefined && { key: readFileSync(key) }),
    ...(ca !== undefined && { ca: readFileSync(ca) }),
    ...(library !== undefined && { library }),
    ...(proxy !== undefined && { proxy }),
    ...(ipv4 ? { family: 4 } : ipv6 ? { family: 6 } : {}),
    ...(userAgent !== undefined && { userAgent }),
  }
}

function cccOf({ ccc, login }: ProbeCommandOptions, command: Command): Pick<ProbeOptions, 'ccc'> {
  if (login === undefined) return ccc === undefined ? {} : { ccc }
  if (ccc === undefined) command.error('error: --login is for --ccc')
  const colon = login.indexOf(':')
  return { ccc: { user: login.slice(0, colon), password: login.slice(colon + 1) } }
}

function sentBytes({ send, sendFile, request }: ProbeCommandOptions, command: Command): Uint8Array | undefined {
  const given = [send, sendFile, request].filter((each) => each !== undefined)
  if (given.length > 1) command.error('error: --request, --send and --send-file exclude each other')
  if (sendFile !== undefined) return readFileSync(sendFile)
  return send === undefined ? undefined : unescaped(send)
}

/** `\r`, `\n`, `\t`, `\\` and `\xNN`, as printf has them. */
function unescaped(text: string): Buffer {
  const escapes: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', '\\': '\\' }
  const parts = text.split(/(\\x[0-9a-fA-F]{2}|\\[rnt\\])/)
  return Buffer.concat(
    parts.map((part, index) => {
      if (index % 2 === 0) return Buffer.from(part)
      return part[1] === 'x' ? Buffer.from(part.slice(2), 'hex') : Buffer.from(escapes[part[1] ?? ''] ?? part)
    }),
  )
}
