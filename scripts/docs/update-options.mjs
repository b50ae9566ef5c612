// Renews the tables of options in docs from the code: keys and units are those of the tables there, default and meaning
// those of the doc comments that editors show. test/docs/options.test.ts holds each @default against the code's.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { flushRules, shutdownRules } from '../../dist/lib/closure/shutdown-options.js'
import { contextRules } from '../../dist/lib/openssl/context-options.js'
import { sslRules } from '../../dist/lib/openssl/ssl-options.js'
import { learnedRules } from '../../dist/lib/learned/learned-waiting.js'
import { policyRules } from '../../dist/lib/policy/policy.js'
import { unwrapRules } from '../../dist/lib/unwrap/unwrap-options.js'
import { helpIfAsked } from '../support/help.mjs'

helpIfAsked(`Usage: node scripts/docs/update-options.mjs [--check]

Renews the tables of options in docs/closure.md, docs/policy.md, docs/operation.md, docs/unwrap.md and docs/openssl.md, from lib/ and dist/.
--check writes nothing, names each option whose row differs, and fails if there is one.
`)

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url))

/** The marker in the page has the name of the type. */
const tables = [
  { page: 'docs/closure.md', type: 'ShutdownOptions', file: 'lib/closure/shutdown-options.ts', rules: shutdownRules },
  { page: 'docs/closure.md', type: 'FlushOptions', file: 'lib/closure/shutdown-options.ts', rules: flushRules },
  { page: 'docs/unwrap.md', type: 'UnwrapOptions', file: 'lib/unwrap/unwrap-options.ts', rules: unwrapRules },
  { page: 'docs/policy.md', type: 'ClosurePolicy', file: 'lib/policy/policy.ts', rules: policyRules },
  {
    page: 'docs/operation.md',
    type: 'LearnedWaitingOptions',
    file: 'lib/learned/learned-waiting.ts',
    rules: learnedRules,
  },
  { page: 'docs/openssl.md', type: 'SslContextOptions', file: 'lib/openssl/context-options.ts', rules: contextRules },
  { page: 'docs/openssl.md', type: 'SslOptions', file: 'lib/openssl/ssl-options.ts', rules: sslRules },
]

const { config } = ts.readConfigFile(path('tsconfig.json'), ts.sys.readFile)
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, path('.'))
const program = ts.createProgram({ rootNames: tables.map(({ file }) => path(file)), options })
const checker = program.getTypeChecker()

const differing = []
for (const table of tables) {
  const page = path(table.page)
  const text = readFileSync(page, 'utf8')
  const marked = new RegExp(
    `(?<=<!-- options of ${table.type}: begin[^>]*-->\n)[\\s\\S]*?(?=<!-- options of ${table.type}: end -->)`,
  )
  const [old] = marked.exec(text) ?? []
  if (old === undefined) throw new Error(`expected the markers of ${table.type} in ${page}`)
  const renewed = `\n${rowsOf(table).join('\n')}\n\n`
  if (old === renewed) continue
  differing.push(...differences(table, old, renewed))
  if (!process.argv.includes('--check'))
    writeFileSync(
      page,
      text.replace(marked, () => renewed),
    )
}

if (process.argv.includes('--check') && differing.length > 0) {
  console.error(`Run node scripts/docs/update-options.mjs:\n${differing.join('\n')}`)
  process.exitCode = 1
}

function rowsOf({ type, file, rules }) {
  const described = describe(type, file)
  const isOfLibrary = Object.values(rules).every((rule) => typeof rule === 'function')
  const missing = [...described.keys()].filter((key) => !(key in rules))
  if (missing.length > 0) throw new Error(`expected a rule for ${missing.join(', ')} of ${type}`)
  const head = isOfLibrary ? ['option', 'OpenSSL', 'default', 'meaning'] : ['option', 'unit', 'default', 'meaning']
  const rows = Object.entries(rules).map(([key, rule]) => {
    const { meaning, see, fallback } = described.get(key) ?? {}
    if (!meaning) throw new Error(`expected a doc comment of ${key} of ${type}`)
    return [`\`${key}\``, isOfLibrary ? see : rule.unit, quoted(fallback), meaning]
  })
  return [rowText(head), '|---|---|---|---|', ...rows.map(rowText)]
}

function rowText(cells) {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`.replaceAll('|  |', '| |')
}

/** From the doc comments, by key. */
function describe(type, file) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(path(file)))
  const symbol = checker.getExportsOfModule(module).find(({ name }) => name === type)
  if (symbol === undefined) throw new Error(`expected ${type} in ${file}`)
  return new Map(
    checker
      .getDeclaredTypeOfSymbol(symbol)
      .getProperties()
      .map((property) => {
        const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0
        const comment = ts.displayPartsToString(property.getDocumentationComment(checker))
        const meaning = [valuesOf(property), oneLine(comment)].filter((part) => part !== '').join('. ')
        const see = functionsIn(tagText(property, 'see') ?? '')
        const fallback = isOptional ? (tagText(property, 'default') ?? 'none') : 'required'
        return [property.name, { meaning: comment === '' ? '' : meaning, see, fallback }]
      }),
  )
}

/** The literals of a choice, in the order of the code; the compiler's own order depends on what else it has read. */
function valuesOf(property) {
  const type = checker.getNonNullableType(checker.getTypeOfSymbol(property))
  const literals = type.isUnion() ? type.types : []
  if (literals.length < 2 || !literals.every((each) => each.isStringLiteral())) return ''
  const written = writtenIn(property.valueDeclaration?.type) ?? literals.map(({ value }) => value).sort()
  const values = written.map((value) => `\`'${value}'\``)
  return `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`
}

function writtenIn(node) {
  if (node === undefined) return undefined
  if (ts.isUnionTypeNode(node)) return node.types.map((each) => each.literal.text)
  if (!ts.isTypeReferenceNode(node)) return undefined
  const symbol = checker.getSymbolAtLocation(node.typeName)
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  return writtenIn(target.declarations?.[0]?.type)
}

function tagText(property, name) {
  const tag = property.getJsDocTags(checker).find((each) => each.name === name)
  return tag === undefined ? undefined : oneLine(ts.displayPartsToString(tag.text))
}

function oneLine(comment) {
  return comment
    .replace(/\{@link ([\w.]+) *\}/g, '`$1`')
    .replace(/\s+/g, ' ')
    .trim()
}

// The compiler takes the first word of @see for a name of its own, and sets it apart.
function functionsIn(see) {
  return see.replace(/ \((?=\d\))/g, '(').replace(/[A-Za-z]\w*\(\d\)/g, '`$&`')
}

/** Literals in a default are code. */
function quoted(fallback) {
  return fallback.replace(/'[\w-]+'/g, '`$&`')
}

function differences({ page, type }, old, renewed) {
  const [before, after] = [old, renewed].map(
    (text) => new Map(text.split('\n').map((row) => [row.split('|')[1]?.trim(), row])),
  )
  const keys = [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key))
  return keys.map((key) => `${page}: ${key} of ${type}`)
}
