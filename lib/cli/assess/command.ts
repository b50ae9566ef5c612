// `close-notify assess`: what a client makes of servers that close in every way, or a server of such clients.
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { Command } from 'commander'
import { ClosureError } from '../../errors.js'
import { assess } from '../../lab/assess/assess.js'
import { assessServer, hasFailed } from '../../lab/assess/server.js'
import { parseTarget } from '../../lab/transport/target.js'
import { tlsVersions } from '../../tls/versions.js'
import { exitCodes } from '../exit-codes.js'
import type { ExitCode } from '../exit-codes.js'
import { Interruption, interruptible } from '../interruption.js'
import { addOptions } from '../options.js'
import { layoutOf, print } from '../output.js'
import { displayProgress } from '../progress.js'
import { assessOptions } from './options.js'
import type { AssessCommandOptions } from './options.js'
import { renderJunit, renderServerJunit } from './render/junit.js'
import { renderServerText, renderText } from './render/text.js'

const examples = `
In the words of the command {url}, {host}, {port} and {ca} (a file, PEM) stand for those of the server. The
certificate is also named by SSL_CERT_FILE, CURL_CA_BUNDLE, REQUESTS_CA_BUNDLE, GIT_SSL_CAINFO and
NODE_EXTRA_CA_CERTS. The command ought to print the body of the response, and to exit with 0 where it takes
that for whole.

Examples:
  close-notify assess -- curl -sS --cacert {ca} {url}
  close-notify assess --timeout 5000 --junit closing.xml -- wget -qO- --ca-certificate={ca} {url}
  close-notify assess --profiles truncates bare-fin --json -- node client.mjs {url}
  close-notify assess --tls TLSv1.2 -- curl -sS --cacert {ca} {url}
  close-notify assess --server example.org --junit closing.xml

Exit codes: 0 it accepted no truncation, lost no data and never hung; 1 it did, or it fails against a server
that does everything right, or a connection to --server failed; 2 wrong options; 130 interrupted.`

export function assessCommand(done: (code: ExitCode) => void): Command {
  const command = new Command('assess')
    .summary('run a client against servers that close in every known way')
    .description(
      'Runs a command once against each way in which a server can close, and tells which truncated responses it took ' +
        'for whole ones, where it hung, and how it closed its own side.',
    )
    .argument('[command...]', 'behind --: the command, with {url} or {port} in it')
    .addHelpText('after', examples)
    .action(async (words: readonly string[], options: AssessCommandOptions) => done(await run(words, options, command)))
  return addOptions(command, assessOptions)
}

async function run(words: readonly string[], options: AssessCommandOptions, command: Command): Promise<ExitCode> {
  const { server } = options
  if (server === undefined && words.length === 0)
    command.error('error: name a command behind --, or a server by --server')
  if (server !== undefined && words.length > 0) command.error('error: a command and --server exclude each other')
  try {
    return server === undefined ? await runClient(words, options) : await runServer(server, options)
  } catch (error) {
    if (error instanceof Interruption) throw error
    if (error instanceof ClosureError) return command.error(`error: ${[error.message, ...error.detail].join('; ')}`)
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
    return exitCodes.failed
  }
}

async function runClient(words: readonly string[], options: AssessCommandOptions): Promise<ExitCode> {
  const { profiles, tls, timeout, body, content, json, output } = options
  const progress = displayProgress(process.stderr, 'runs')
  const assessment = await interruptible((signal) =>
    assess(words, {
      ...(profiles !== undefined && { profiles }),
      ...(tls !== undefined && { versions: [tls] }),
      ...(timeout !== undefined && { timeout }),
      ...(body !== undefined && { body }),
      ...(content !== undefined && { content: readFileSync(content) }),
      signal,
      onRun: (_run, done, total) => progress.show(done, total),
    }),
  ).finally(() => progress.stop())
  const text = json ? `${JSON.stringify(assessment, null, 2)}\n` : renderText(assessment, layoutOf(output))
  return written(text, renderJunit(assessment), options, assessment.summary.verdict === 'passed')
}

async function runServer(server: string, options: AssessCommandOptions): Promise<ExitCode> {
  const { tls, timeout, json, output } = options
  const { host, port, servername } = parseTarget(server)
  const progress = displayProgress(process.stderr, 'connections')
  const assessment = await interruptible((signal) =>
    assessServer({
      host,
      port,
      versions: tls === undefined ? tlsVersions : [tls],
      ...(servername !== undefined && { servername }),
      ...(timeout !== undefined && { timeout }),
      signal,
      onRun: (done, total) => progress.show(done, total),
    }),
  ).finally(() => progress.stop())
  const text = json ? `${JSON.stringify(assessment, null, 2)}\n` : renderServerText(assessment, layoutOf(output))
  return written(text, renderServerJunit(assessment), options, !assessment.runs.some(hasFailed))
}

function written(text: string, xml: string, options: AssessCommandOptions, hasPassed: boolean): ExitCode {
  const { junit, output } = options
  const reported = junit === undefined ? exitCodes.done : print(xml, junit)
  const printed = print(text, output)
  if (!hasPassed) return exitCodes.failed
  return reported === exitCodes.done ? printed : reported
}
