/**
 * The one list of the functions that the engine calls, native/openssl/engine_functions.def, against every place that
 * says something of them. A failure names the places and the function that each lacks.
 */
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { engineOfThread } from '../../lib/openssl/memory.js'
import { connectPair } from './ssl-pair.js'
import { builds } from './builds.js'

const kinds = ['library', 'context', 'ssl', 'session', 'support'] as const
type Kind = (typeof kinds)[number]

interface Row {
  readonly kind: Kind
  readonly isOptional: boolean
  /** OpenSSL's name. */
  readonly name: string
  /** The addon's method; empty for support. */
  readonly member: string
}

const rows = readRows('native/openssl/engine_functions.def')
const called = rows.filter(({ kind }) => kind !== 'support')

test('the list of the engine has every function once, and a method for each that is no support', () => {
  expect(rows.length).toBeGreaterThan(80)
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length)
  expect(rows.filter(({ kind, member }) => (kind === 'support') !== (member === ''))).toEqual([])
})

test("the function table, its loader and the check against OpenSSL's headers are made from the list alone", () => {
  const files = ['engine_functions.h', 'engine_functions.cc', 'abi_check.cc']
  const wrong = files.flatMap((file) => {
    const text = read(`native/openssl/${file}`)
    const byHand = rows
      .filter(({ name }) => new RegExp(`\\b${name}\\b`).test(text))
      .map(({ name }) => `${file} ${name}`)
    return text.includes('#include "native/openssl/engine_functions.def"') ? byHand : [...byHand, file]
  })
  expect(wrong).toEqual([])
})

test('the addon has a method for each function of the list, and none that the list lacks', () => {
  const methods = nativeMembers()
  const missing = called.filter(({ kind, member }) => !methods[kind].includes(member))
  expect(missing.map(({ kind, name, member }) => `${kind} ${member}: ${name}`)).toEqual([])
  expect(strangers(methods)).toEqual([])
})

test('lib/native/engine.ts types a method for each function of the list, and none that the list lacks', () => {
  const typed = typedMembers()
  const missing = called.filter(({ kind, member }) => !typed[kind].includes(member))
  expect(missing.map(({ kind, name, member }) => `${kind} ${member}: ${name}`)).toEqual([])
  expect(strangers(typed)).toEqual([])
})

test('lib/openssl/calls.ts names the functions that a build may lack, in the order of the list', () => {
  const text = read('lib/openssl/calls.ts')
  const named = text.slice(0, text.indexOf('] as const')).match(/(?<=')\w+(?=',\n)/g)
  expect(named).toEqual(rows.filter(({ isOptional }) => isOptional).map(({ name }) => name))
})

test('the docstrings of lib/openssl name each function of the list, a method that has its own the first of its own', () => {
  const members = publicMembers()
  const text = members.map(({ comment }) => comment).join('\n') + read('lib/openssl/context-options.ts')
  const missing = called.filter(({ name, member, kind }) => {
    const own = members.filter((each) => each.kind === kind && each.name === member)
    if (own.length === 0 || !isFirst(name)) return !names(text).includes(name)
    return !own.some(({ comment }) => names(comment).includes(name))
  })
  expect(missing.map(({ name, member }) => `${member}: ${name}`)).toEqual([])
})

test('the tables of docs/openssl.md name each function of the list, beside its method, and no other', () => {
  const lines = read('docs/openssl.md')
    .split('\n')
    .filter((line) => line.startsWith('|'))
  const publicNames = publicMembers().map(({ name, kind }) => `${kind} ${name}`)
  const missing = called.filter(({ kind, name, member }) => {
    const beside = publicNames.includes(`${kind} ${member}`) && isFirst(name) ? new RegExp(`\`${member}[(\`]`) : /^/
    return !lines.some((line) => names(line).includes(name) && beside.test(line))
  })
  expect(missing.map(({ name, member }) => `${member}: ${name}`)).toEqual([])
  const known = new Set(rows.map(({ name }) => name))
  expect(lines.flatMap(names).filter((name) => !known.has(name))).toEqual([])
})

// --- The places ---

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
}

function readRows(path: string): readonly Row[] {
  const lines = read(path)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('//'))
  return lines.map((line) => {
    const match =
      /^ENGINE_FUNCTION\((\w+), (required|alternative|optional(?:_unless\([^)]*\))?), (?:un)?declared, (\w+), .*, "(\w*)"\)$/.exec(
        line,
      )
    const [, kind, presence, name, member] = match ?? []
    const known = kinds.find((each) => each === kind)
    if (known === undefined || presence === undefined || name === undefined || member === undefined) {
      throw new Error(`${path}: expected a function but found ${line}`)
    }
    return { kind: known, isOptional: presence.startsWith('optional'), name: name.replace(/^old_/, ''), member }
  })
}

/** Functions of OpenSSL that a text names, which constants are not: they have no small letters. */
function names(text: string): readonly string[] {
  return text.match(/\b(?:(?:SSL|TLS|X509|BIO|PEM|EVP|OpenSSL)_\w*[a-z]\w*|[di]2[di]_\w+)/g) ?? []
}

/** Whether a function stands before the others that its method calls. */
function isFirst(name: string): boolean {
  const row = called.find((each) => each.name === name)
  return called.find(({ kind, member }) => kind === row?.kind && member === row.member) === row
}

type Members = Readonly<Record<Kind, readonly string[]>>

/** The methods of the addon's objects that call nothing of OpenSSL. */
const own: Members = {
  library: ['kind', 'lacking', 'takeQueue'],
  context: ['takeQueue', 'isFreed'],
  ssl: [
    ...['id', 'pump', 'receive', 'transmit', 'writeAndTransmit', 'shutdownAndTransmit', 'receiveEof', 'inputPending'],
    ...['outputPending', 'setOutputLimit', 'takeEvents', 'eventsDropped', 'takeQueue', 'isFreed'],
    'tellTickets',
  ],
  session: ['isFreed'],
  support: [],
}

function strangers(members: Members): readonly string[] {
  return kinds.flatMap((kind) => {
    const known = [...called.filter((row) => row.kind === kind).map(({ member }) => member), ...own[kind]]
    return members[kind].filter((member) => !known.includes(member)).map((member) => `${kind} ${member}`)
  })
}

function nativeMembers(): Members {
  const engine = engineOfThread()
  const library = engine.ownLibrary()
  if ('failure' in library) throw new Error(library.message)
  const der = builds.flatMap(({ name, openssl }) => {
    const session = name === 'own' ? connectPair(openssl, { version: 'TLSv1.2' }).client.getSession() : undefined
    return session === undefined ? [] : [session.toBuffer()]
  })[0]
  const session = der === undefined ? null : library.sessionFrom(der)
  if (session === null) throw new Error('There is no session')
  const context = library.createContext(false)
  const members = (object: object): readonly string[] =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(object)).filter((name) => name !== 'constructor')
  return {
    library: members(library),
    context: members(context),
    ssl: [...members(context.createSsl()), ...Object.keys(engine.calls)],
    session: members(session),
    support: [],
  }
}

function typedMembers(): Members {
  const members = (name: string): readonly string[] =>
    declarations('lib/native/engine.ts').flatMap((node) =>
      ts.isInterfaceDeclaration(node) && node.name.text === name ? node.members.map(nameOf) : [],
    )
  return {
    library: members('NativeLibrary'),
    context: members('NativeSslContext'),
    ssl: [...members('NativeSsl'), ...members('SslCalls')],
    session: members('NativeSession'),
    support: [],
  }
}

interface PublicMember {
  readonly kind: Kind
  readonly name: string
  readonly comment: string
}

const publicFiles: readonly (readonly [Kind, string])[] = [
  ['library', 'openssl'],
  ['context', 'context'],
  ['context', 'context-options'],
  ['ssl', 'ssl'],
  ['ssl', 'ssl-options'],
  ['ssl', 'ssl-inspection'],
  ['ssl', 'ssl-client-hello'],
  ['session', 'session'],
]

function publicMembers(): readonly PublicMember[] {
  return publicFiles.flatMap(([kind, file]) =>
    declarations(`lib/openssl/${file}.ts`).flatMap((node) => {
      const isPublic = ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node)
      if (!isPublic) return []
      const members: readonly ts.Node[] = [...node.members]
      return members.map((member) => ({ kind, name: nameOf(member), comment: commentOf(member) }))
    }),
  )
}

function declarations(path: string): readonly ts.Statement[] {
  return ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true).statements.slice()
}

function nameOf(node: ts.Node): string {
  const name = 'name' in node ? node.name : undefined
  return typeof name === 'object' && name !== null && 'text' in name ? String(name.text) : ''
}

function commentOf(node: ts.Node): string {
  const text = node.getSourceFile().text
  const ranges = ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []
  return ranges.map(({ pos, end }) => text.slice(pos, end)).join('\n')
}
