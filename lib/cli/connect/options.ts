// The options of `close-notify connect`. The table in docs/peers.md is that of its --help, word for word.
import { clientProfileNames } from '../../lab/peers/profiles.js'
import { tlsVersions } from '../../tls/versions.js'
import { choice, count, existingFile, flag, text } from '../options.js'
import type { OptionsOf } from '../options.js'
import { outputOption } from '../output.js'

export type ConnectCommandOptions = OptionsOf<typeof connectOptions>

export const connectOptions = {
  profile: choice('--profile <name>', 'the client to play', clientProfileNames),
  tls: choice('--tls <version>', 'only this version of TLS', tlsVersions),
  path: text('--path <path>', 'the path of the GET (default: /)'),
  servername: text('--servername <name>', 'the name to ask for (SNI); default: the host'),
  caFile: text('--ca-file <file>', 'PEM: the server has to be trusted by it (default: nothing is verified)').argParser(
    existingFile,
  ),
  library: text('--library <path>', "the libssl to play with (default: Node's own)").argParser(existingFile),
  timeout: count('--timeout <ms>', 'for connecting, for the handshake and for a response, each (default: 10000)'),
  wait: count('--wait <ms>', 'how long an answer to what the client does is waited for (default: 2000)'),
  json: flag('--json', 'print what happened as JSON'),
  list: flag('--list', 'list the profiles of clients, and connect to nothing'),
  output: outputOption,
}
