// Renews the table of undocumented members of Node in docs/house.md from the list of lib/doctor/internals.ts.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { internals } from '../../dist/lib/doctor/internals.js'
import { helpIfAsked } from '../support/help.mjs'

helpIfAsked(`Usage: node scripts/docs/update-internals.mjs

Renews the table of undocumented members in docs/house.md, from dist/. test/house names a row that is old.
`)

const page = fileURLToPath(new URL('../../docs/house.md', import.meta.url))
const head = '| member | of | file | what for |\n|---|---|---|---|\n'
const text = readFileSync(page, 'utf8')
const start = text.indexOf(head)
if (start === -1) throw new Error(`expected a table with the head ${head} in ${page}`)
const rest = text.slice(start + head.length)
const end = rest.search(/^(?!\|)/m)
const rows = internals.map(
  ({ member, of, files, purpose }) =>
    `| \`${member}\` | ${of} | ${files.map((file) => `\`${file}\``).join(', ')} | ${purpose} |\n`,
)
writeFileSync(page, text.slice(0, start) + head + rows.join('') + rest.slice(end))
