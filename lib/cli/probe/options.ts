// The options of `close-notify probe`. The table in docs/lab.md is that of its --help, word for word.
import { existsSync, statSync } from 'node:fs'
import { InvalidArgumentError } from 'commander'
import { startTlsProtocols } from '../../lab/transport/starttls/protocols.js'
import { questions } from '../../lab/probe/options.js'
import { tlsVersions } from '../../tls/versions.js'
import { choice, choices, count, flag, list, text } from '../options.js'
import type { OptionsOf } from '../options.js'
import { outputOption } from '../output.js'

export type ProbeCommandOptions = OptionsOf<typeof probeOptions>

export const probeOptions = {
  request: choice('--request <what>', 'what is asked for: GET by HTTP, or nothing (default: http/1.1)', [
    'http/1.1',
    'h2',
    'none',
  ]),
  path: text('--path <path>', 'the path of the GET; a large response tells more of half-closing (default: /)'),
  send: text('--send <text>', 'send this instead; \\r, \\n, \\t and \\xNN are understood'),
  sendFile: text('--send-file <file>', 'send the bytes of this file instead').argParser(existingFile),
  tls: choice('--tls <version>', 'only this version of TLS', tlsVersions),
  question: choices('--question <name...>', 'only these questions', questions),
  starttls: choice('--starttls <protocol>', 'ask for TLS in this protocol first; sends no request', startTlsProtocols),
  ccc: flag('--ccc', 'also ask for CCC, behind which FTP goes on in plaintext; with --starttls ftp'),
  login: text('--login <user:password>', 'log in before CCC; seen by whoever lists processes').argParser(login),
  servername: text('--servername <name>', 'the name to ask for (SNI); default: the host'),
  alpn: list('--alpn <name...>', 'protocols to offer'),
  wait: count('--wait <ms>', 'how long nothing has to come to be an answer (default: 2000)'),
  timeout: count('--timeout <ms>', 'for each handshake with all before it, and each response (default: 5000)'),
  totalTimeout: count('--total-timeout <ms>', 'for all connections to a host (default: 60000)'),
  idle: count('--idle <ms>', 'also watch what happens while nothing is sent for so long'),
  cert: text('--cert <file>', 'PEM: a certificate for servers that ask for one').argParser(existingFile),
  key: text('--key <file>', 'PEM: its key').argParser(existingFile),
  ca: text('--ca <file>', 'PEM: what to trust instead of what Node trusts').argParser(existingFile),
  library: text('--library <path>', "the libssl to probe with (default: Node's own)").argParser(existingFile),
  proxy: text('--proxy <url>', 'http://HOST:PORT (CONNECT) or socks5://HOST:PORT'),
  ipv4: flag('--ipv4', 'connect by IPv4 only').conflicts('ipv6'),
  ipv6: flag('--ipv6', 'connect by IPv6 only'),
  userAgent: text('--user-agent <text>', 'the User-Agent of the GET (default: close-notify-probe)'),
  expect: text('--expect <file>', 'compare with an earlier --json or --ndjson; exit code 1 where it differs').argParser(
    existingFile,
  ),
  hosts: text('--hosts <file>', 'probe the hosts of this file, one on each line; - is stdin').argParser(listOfHosts),
  concurrency: count('--concurrency <n>', 'hosts that are probed at a time (default: 20)'),
  rate: count('--rate <n>', 'hosts that are begun per second, at most'),
  json: flag('--json', 'print everything as JSON').conflicts(['ndjson', 'markdown', 'csv']),
  ndjson: flag('--ndjson', 'print each result as a line of JSON, as soon as it is there').conflicts([
    'markdown',
    'csv',
  ]),
  markdown: flag('--markdown', 'print a table as markdown').conflicts('csv'),
  csv: flag('--csv', 'print a line of CSV for each answer'),
  output: outputOption,
}

/** The user ends at the first colon. */
function login(given: string): string {
  if (!/^[^:]+:./s.test(given)) throw new InvalidArgumentError('Expected USER:PASSWORD.')
  return given
}

function listOfHosts(file: string): string {
  if (file === '-') return file
  if (statSync(existingFile(file)).isDirectory()) throw new InvalidArgumentError('It is a folder.')
  return file
}

function existingFile(file: string): string {
  if (!existsSync(file)) throw new InvalidArgumentError('There is no such file.')
  return file
}
