// The options of `close-notify assess`. The table in docs/peers.md is that of its --help, word for word.
import { serverProfileNames } from '../../lab/peers/profiles.js'
import { tlsVersions } from '../../tls/versions.js'
import { choice, count, flag, names, text, wholeNumber } from '../options.js'
import type { OptionsOf } from '../options.js'
import { outputOption, writableFile } from '../output.js'

export type AssessCommandOptions = OptionsOf<typeof assessOptions>

export const assessOptions = {
  profiles: names(
    '--profiles <name...>',
    'only against these profiles; close-notify serve --list names them',
    serverProfileNames,
  ),
  timeout: count('--timeout <ms>', 'how long a run may take; then it hangs, and is killed (default: 10000)'),
  body: wholeNumber('--body <bytes>', 'the length of the body of a response (default: 20000)', { least: 64 }),
  content: text('--content <file>', 'the body of a response, for clients that take no other').conflicts('body'),
  server: text(
    '--server <host>',
    'assess a server instead: every profile of a client connects to HOST or HOST:PORT',
  ).conflicts(['profiles', 'body', 'content']),
  tls: choice('--tls <version>', 'only this version of TLS', tlsVersions),
  json: flag('--json', 'print everything as JSON'),
  junit: text('--junit <file>', 'also write the runs to this file, as JUnit XML').argParser(writableFile),
  output: outputOption,
}
