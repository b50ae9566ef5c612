// Starts Node so that a fetched libssl build can be loaded in it: with-libssl.mjs BUILD [NODE-ARGUMENT...]
// The file to load is in LIBSSL. For example:
//   node scripts/libssl/run-with.mjs openssl-4.0 -p 'process.env.LIBSSL'
import { existsSync } from 'node:fs'
import { fetchFailed } from '../support/fetching.mjs'
import { builds, libsslFolder } from './builds.mjs'
import { replaceBy } from '../support/replace-by.mjs'

const [name = '', ...nodeArguments] = process.argv.slice(2)
if (!builds.some((build) => build.name === name)) {
  console.error(`with-libssl: expected one of ${builds.map((build) => build.name).join(', ')}, received "${name}"`)
  process.exit(2)
}

const compiled = new URL('../../dist/lib/lab/builds.js', import.meta.url)
if (!existsSync(compiled)) {
  console.error('with-libssl: dist/ is not there, run: npx tsc -p tsconfig.build.json')
  process.exit(1)
}
const { commandFor, findBuilds } = await import(compiled)

const build = findBuilds({ folders: [libsslFolder] }).find((candidate) => candidate.name === name)
if (build === undefined) {
  console.error(`with-libssl: ${name} is not there, run: node scripts/libssl/fetch.mjs ${name}`)
  process.exit(fetchFailed)
}
const { command, args } = commandFor(build, nodeArguments)
replaceBy('with-libssl', command, args, { LIBSSL: build.libssl })
