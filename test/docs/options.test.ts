/** Each options object has one table in the code. Its docstrings and its table in docs say the same. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { quietRules } from '../../lib/closure/context.js'
import { flushRules, shutdownRules } from '../../lib/closure/shutdown-options.js'
import { learnedRules } from '../../lib/learned/learned-waiting.js'
import { contextRules } from '../../lib/openssl/context-options.js'
import { loadOpenSSL, type OpenSSL } from '../../lib/openssl/index.js'
import { loadRules } from '../../lib/openssl/load.js'
import { sslRules } from '../../lib/openssl/ssl-options.js'
import { drainRules } from '../../lib/policy/drains.js'
import { connectionRules, policyRules } from '../../lib/policy/policy.js'
import { unwrapRules } from '../../lib/unwrap/unwrap-options.js'

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
const sources = [
  'lib/closure/context.ts',
  'lib/closure/shutdown-options.ts',
  'lib/learned/learned-waiting.ts',
  'lib/policy/drains.ts',
  'lib/policy/policy.ts',
  'lib/openssl/context-options.ts',
  'lib/openssl/ssl-options.ts',
  'lib/openssl/load.ts',
  'lib/openssl/ssl.ts',
  'lib/unwrap/unwrap-options.ts',
]

interface Rule {
  readonly unit: string
  readonly default: string
}

type Rules = Readonly<Record<string, Rule>>

type LibraryRule = (name: string, value: unknown, library: OpenSSL) => unknown

interface Documented {
  readonly says: string
  readonly default: string | undefined
}

const interfaces = new Map(sources.flatMap((file) => interfacesOf(file)))

describe.each<[string, Rules]>([
  ['FlushOptions', flushRules],
  ['ShutdownOptions', shutdownRules],
  ['ConnectionPolicy', connectionRules],
  ['ClosurePolicy', policyRules],
  ['QuietOptions', quietRules],
  ['LoadOptions', loadRules],
  ['UnwrapOptions', unwrapRules],
  ['LearnedWaitingOptions', learnedRules],
  ['DrainOptions', drainRules],
])('%s', (name, rules) => {
  test('each option has a docstring, whose @default is that of the table', () => {
    const documented = optionsOf(name)
    expect(Object.keys(documented).sort()).toEqual(Object.keys(rules).sort())
    for (const [key, rule] of Object.entries(rules)) {
      expect({ key, default: documented[key]?.default ?? 'none' }).toEqual({ key, default: rule.default })
      expect(documented[key]?.says, `the description of ${key}`).toMatch(/\w/)
    }
  })
})

test('a description stands once', () => {
  const all = [...interfaces.values()].flatMap(({ own }) => Object.values(own).map(({ says }) => says))
  expect(all.filter((says, index) => all.indexOf(says) !== index)).toEqual([])
})

test.each<[string, string, Rules]>([
  ['docs/closure.md', '| option | unit | default | meaning |', shutdownRules],
  ['docs/policy.md', '| option | unit | default | meaning |', policyRules],
  ['docs/unwrap.md', '| option | unit | default | meaning |', unwrapRules],
  ['docs/operation.md', '| option | unit | default | meaning |', learnedRules],
])('the table of %s has each option with its unit and default', (file, head, rules) => {
  const expected = Object.entries(rules).map(([key, rule]) => ({
    key,
    unit: rule.unit,
    default: rule.default,
  }))
  const rows = rowsUnder(read(file), head).map(([key = '', unit = '', fallback = '']) => ({
    key: bare(key),
    unit,
    default: bare(fallback),
  }))
  const byKey = (a: { readonly key: string }, b: { readonly key: string }) => a.key.localeCompare(b.key)
  expect(rows.sort(byKey)).toEqual(expected.sort(byKey))
})

test('the table of docs/openssl.md has each option of createContext(), and each has a docstring', () => {
  const rows = rowsUnder(read('docs/openssl.md'), '| option | OpenSSL | default | meaning |')
  const named = rows.flatMap(([key = '']) => key.split(',').map((name) => bare(name.trim())))
  expect(named.sort()).toEqual(Object.keys(contextRules).sort())
  expect(Object.keys(optionsOf('SslContextOptions')).sort()).toEqual(Object.keys(contextRules).sort())
})

test('the tables of docs are those of the code: keys, units, defaults and descriptions', () => {
  const script = fileURLToPath(new URL('../../scripts/docs/update-options.mjs', import.meta.url))
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
})

describe.each<[string, Readonly<Record<string, LibraryRule>>]>([
  ['SslContextOptions', contextRules],
  ['SslOptions', sslRules],
])('%s', (name, rules) => {
  test('each option has a docstring, whose @default is the value that its rule has for undefined', () => {
    const documented = optionsOf(name)
    expect(Object.keys(documented).sort()).toEqual(Object.keys(rules).sort())
    const library = loadOpenSSL()
    const defaults = Object.entries(rules).flatMap(([key, rule]) => {
      if (key === 'side') return []
      const value: unknown = rule(key, undefined, library)
      return value === false ? [key] : []
    })
    const written = Object.entries(documented).filter(([, option]) => option.default === 'false')
    expect(written.map(([key]) => key).sort()).toEqual(defaults.sort())
  })
})

test.each([
  ['LoadOptions', (options: object) => loadOpenSSL(undefined, options)],
  [
    'SslShutdownExOptions',
    (options: object) => loadOpenSSL().createContext({ side: 'client' }).createSsl().shutdownEx(options),
  ],
])('%s: the call refuses every key but those of the type, by name', (name, call) => {
  expect(() => call({ unknown: 1 })).toThrow(`one of the keys ${Object.keys(optionsOf(name)).join(', ')} for`)
})

function bare(cell: string): string {
  return cell.replaceAll('`', '')
}

function rowsUnder(page: string, head: string): (readonly string[])[] {
  const lines = page.split('\n')
  const start = lines.indexOf(head)
  expect(start, `a table with the head ${head}`).toBeGreaterThan(-1)
  const rest = lines.slice(start + 2)
  const rows = rest.slice(
    0,
    rest.findIndex((line) => !line.startsWith('|')),
  )
  return rows.map((line) =>
    line
      .split('|')
      .slice(1)
      .map((cell) => cell.trim()),
  )
}

function optionsOf(name: string): Readonly<Record<string, Documented>> {
  const found = interfaces.get(name)
  if (found === undefined) throw new Error(`expected an interface ${name}`)
  return Object.fromEntries([...found.parents.map(optionsOf), found.own].flatMap((options) => Object.entries(options)))
}

function interfacesOf(file: string) {
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.ES2022, true)
  return source.statements.filter(ts.isInterfaceDeclaration).map((declaration) => {
    const own: Record<string, Documented> = {}
    for (const member of declaration.members.filter(ts.isPropertySignature)) {
      const [tag] = ts.getJSDocTags(member).filter(({ tagName }) => tagName.text === 'default')
      const [doc] = ts.getJSDocCommentsAndTags(member).filter(ts.isJSDoc)
      const says = ts.getTextOfJSDocComment(doc?.comment) ?? ''
      own[member.name.getText()] = { says, default: ts.getTextOfJSDocComment(tag?.comment) }
    }
    const clauses = declaration.heritageClauses ?? []
    const parents = clauses.flatMap(({ types }) => types.map(({ expression }) => expression.getText()))
    return [declaration.name.text, { own, parents }] as const
  })
}
