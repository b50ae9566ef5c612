// Renews the generated parts of docs/libssl-changes.md: what `close-notify compare --from A --to B --markdown` prints
// over the builds of .cache/libssl (scripts/libssl/fetch.mjs), and when that was. A part whose builds are not there stays.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { helpIfAsked } from '../support/help.mjs'

helpIfAsked(`Usage: node scripts/docs/update-libssl-changes.mjs [--check]

Renews docs/libssl-changes.md from the builds of .cache/libssl, with the program in dist/.
--check writes nothing, names each part that differs, and fails if there is one.
`)

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url))
const page = path('docs/libssl-changes.md')
const folder = path('.cache/libssl')
const isCheck = process.argv.includes('--check')

let text = readFileSync(page, 'utf8')
const parts = [...text.matchAll(/<!-- from (\S+) to (\S+): begin[^>]*-->/g)].map(([, from, to]) => ({ from, to }))
if (parts.length === 0) throw new Error(`expected the markers of generated parts in ${page}`)

const old = []
for (const { from, to } of parts) {
  const missing = [from, to].filter((build) => !existsSync(`${folder}/${build}/build.json`))
  if (missing.length > 0) {
    console.warn(`Left as it is, for want of ${missing.join(', ')}: from ${from} to ${to}`)
    continue
  }
  const args = ['compare', '--builds', folder, '--from', from, '--to', to, '--markdown']
  const generated = execFileSync(process.execPath, [path('dist/lib/cli/main.js'), ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  if (renew(`from ${from} to ${to}`, generated)) old.push(`from ${from} to ${to}`)
}

if (isCheck) {
  for (const part of old) console.error(`${part}: old; run node scripts/docs/update-libssl-changes.mjs`)
  if (old.length > 0) process.exitCode = 1
} else if (old.length > 0) {
  const { version } = JSON.parse(readFileSync(path('package.json'), 'utf8'))
  const today = new Date().toISOString().slice(0, 10)
  renew('date', `Made on ${today} by close-notify ${version} with Node ${process.versions.node}.\n`)
  writeFileSync(page, text)
}

/** Whether the part was another one. */
function renew(part, generated) {
  const marked = new RegExp(`(?<=<!-- ${part}: begin[^>]*-->\n)[\\s\\S]*?(?=<!-- ${part}: end -->)`)
  const [before] = marked.exec(text) ?? []
  if (before === undefined) throw new Error(`expected the markers of '${part}' in ${page}`)
  const after = `\n${generated}\n`
  text = text.replace(marked, () => after)
  return before !== after
}
