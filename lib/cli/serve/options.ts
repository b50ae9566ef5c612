// The options of `close-notify serve`. The table in docs/peers.md is that of its --help, word for word.
import { framings } from '../../lab/peers/http.js'
import { serverProfileNames } from '../../lab/peers/profiles.js'
import { tlsVersions } from '../../tls/versions.js'
import { choice, count, existingFile, flag, names, text, wholeNumber } from '../options.js'
import type { OptionsOf } from '../options.js'
import { writableFile } from '../output.js'

export type ServeOptions = OptionsOf<typeof serveOptions>

export const serveOptions = {
  profile: names('--profile <name...>', 'the profiles to play; --list names them', serverProfileNames),
  all: flag('--all', 'play all profiles, each on a port of its own').conflicts('profile'),
  sni: flag('--sni', 'play them on one port: NAME.localhost asks for the profile NAME'),
  port: wholeNumber('--port <n>', 'the port, or the first of several (default: any that are free)', { most: 65_535 }),
  host: text('--host <address>', 'the address to listen on (default: 127.0.0.1, so that nobody else reaches them)'),
  tls: choice('--tls <version>', 'only this version of TLS', tlsVersions),
  body: count('--body <bytes>', 'the length of the body of a response (default: 20000)'),
  framing: choice('--framing <how>', 'what tells the end of a body (default: content-length)', framings),
  cut: wholeNumber('--cut <bytes>', 'where profiles that cut a response cut its body (default: in the middle)'),
  hold: count('--hold <ms>', 'how long a connection is kept on which nothing comes (default: 60000)'),
  library: text('--library <path>', "the libssl to play with (default: Node's own)").argParser(existingFile),
  caFile: text('--ca-file <file>', 'write the certificate that clients have to trust to this file').argParser(
    writableFile,
  ),
  json: flag('--json', 'print each connection as a line of JSON'),
  list: flag('--list', 'list all profiles, and serve nothing'),
}
