// The options of `close-notify compare`. The table in docs/compare.md is that of its --help, word for word.
import type { TlsVersion } from '../../tls/versions.js'
import { choice, existingFolders, flag, list, negation, text } from '../options.js'
import type { OptionsOf } from '../options.js'
import { outputOption } from '../output.js'

export const bothVersions = ['TLSv1.2', 'TLSv1.3'] as const satisfies readonly TlsVersion[]

export type CompareOptions = OptionsOf<typeof compareOptions>

export const compareOptions = {
  library: list('--library <path...>', 'libssl files to compare; each finds its libcrypto beside it'),
  builds: list('--builds <dir...>', 'folders of builds, each DIR/NAME/build.json describing one').argParser(
    existingFolders,
  ),
  node: list('--node <path...>', 'Node executables, each with the libssl that it has itself'),
  build: list('--build <name...>', 'of the builds found, only these, in this order; * stands for any text'),
  from: text(
    '--from <build>',
    'with --to: the libssl that is replaced, by name, by path, or node for its own',
  ).conflicts(['build', 'csv', 'allRows']),
  to: text('--to <build>', 'with --from: the libssl that replaces it; what changes is told by its causes'),
  own: negation('--no-own', 'leave out the libssl of the Node that runs this'),
  scenario: list('--scenario <name...>', 'only these scenarios; * stands for any text'),
  scenarios: text('--scenarios <file>', 'the scenarios of this file (.json, .mjs) in place of the ones here'),
  tls: choice('--tls <version>', 'only this version of TLS', bothVersions),
  allRows: flag('--all-rows', 'show steps and scenarios that are alike on all builds too'),
  allSteps: flag('--all-steps', 'with --from and --to: list every step of a cause, not one example'),
  json: flag('--json', 'print everything as JSON').conflicts(['csv', 'markdown', 'list', 'allRows']),
  csv: flag('--csv', 'print everything as CSV').conflicts(['markdown', 'list', 'allRows']),
  markdown: flag('--markdown', 'print everything as markdown').conflicts(['list', 'allRows']),
  list: flag('--list', 'list scenarios and builds, and run nothing'),
  output: outputOption,
}
