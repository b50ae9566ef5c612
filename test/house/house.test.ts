/** docs/house.md is a true map: of the rooms, of what they import, and of what is touched of Node's. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { internals } from '../../lib/doctor/internals.js'
import { circleAmong, membersReached, roomOf, sourceFiles } from './source.js'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('docs/house.md', root), 'utf8')
const files = sourceFiles()
const besideRooms: readonly string[] = ['deadline.ts', 'errors.ts', 'error-facts.ts', 'options.ts']

describe('rooms', () => {
  const rooms = new Map(
    rowsUnder('| room | holds | may import |').map(([room = '', , imports = '']) => [nameIn(room), namesIn(imports)]),
  )

  test('each room of lib is on the page, and each on the page exists', () => {
    const folders = new Set(files.map(({ file }) => roomOf(file)).filter((room) => !room.endsWith('.ts')))
    expect([...rooms.keys()].sort()).toEqual([...folders].sort())
  })

  test('no room imports what its row does not name, types included', () => {
    const wrong = files.flatMap(({ file, imports }) => {
      const room = roomOf(file)
      const allowed = rooms.get(room) ?? []
      if (room === 'index.ts') return []
      if (besideRooms.includes(room))
        return imports.filter((to) => ![...besideRooms, 'tls'].includes(roomOf(to))).map((to) => `${file} -> ${to}`)
      return imports
        .filter((to) => ![room, ...allowed, ...besideRooms].includes(roomOf(to)))
        .map((to) => `${file} -> ${to}`)
    })
    expect(wrong).toEqual([])
  })

  test('no package is loaded by closure, policies and the engine, but what finds the addon', () => {
    // Those of the metrics are optional: test/metrics holds who imports which.
    const loading = files.filter(({ file }) => !['lab', 'cli', 'metrics'].includes(roomOf(file)))
    const packages = loading.flatMap(({ text }) =>
      [...text.matchAll(/(?:from |import\(|require\()'((?!node:|\.)[^']+)'/g)].map(([, name = '']) => name),
    )
    expect([...new Set(packages)]).toEqual(['node-gyp-build'])
  })

  test('no files import each other in a circle', () => {
    expect(circleAmong([...files, { file: 'a.ts', imports: ['b.ts'] }, { file: 'b.ts', imports: ['a.ts'] }])).toEqual([
      'a.ts',
      'b.ts',
      'a.ts',
    ])
    expect(circleAmong(files)).toBeUndefined()
  })

  test('each folder of native is on the page', () => {
    for (const [folder = ''] of rowsUnder('| folder | holds |')) {
      expect(existsSync(new URL(nameIn(folder), root)), folder).toBe(true)
    }
  })

  test('each file that the page names exists', () => {
    const named = [...page.matchAll(/`((?:lib|native|test|docs|scripts|benchmarks)\/[\w./-]+)`/g)].map(
      ([, name = '']) => name,
    )
    expect(named.length).toBeGreaterThan(10)
    expect(named.filter((name) => !existsSync(new URL(name, root)))).toEqual([])
  })
})

// Rooms that touch Node's sockets; the engine, the lab and the program have none.
const touching = files.filter(({ file }) =>
  ['closing', 'closure', 'policy', 'process', 'stream', 'unwrap'].includes(roomOf(file)),
)

test('the page has the list of undocumented members as it is', () => {
  const rows = internals.map(({ member, of, files, purpose }) => [
    `\`${member}\``,
    of,
    files.map((file) => `\`${file}\``).join(', '),
    purpose,
  ])
  expect(rowsUnder('| member | of | file | what for |'), 'node scripts/docs/update-internals.mjs').toEqual(rows)
})

test('each undocumented member of Node that is touched is on the list, with its file, and no other', () => {
  const listed = internals.flatMap(({ member, files }) => files.map((name) => `${member} in ${name}`))
  const found = touching.flatMap(({ file, text }) =>
    [...membersReached(text)].filter((name) => !documented.includes(name)).map((name) => `${name} in ${file}`),
  )
  const undocumented = found.filter((place) => !documented.includes(place))
  expect(undocumented.sort()).toEqual(listed.sort())
})

// Documented, or members of objects that are ours or anybody's.
const documented: readonly string[] = [
  'getCACertificates',
  // Options.
  'context in stream/server.ts',
  'port in stream/connect-arguments.ts',
  'dispatch',
  // A method of sessions; a symbol of streams has that name, too.
  'request in policy/http2-responses.ts',
  'reusedSocket',
  'at',
  'code',
  'syscall',
  'push',
  'write',
  'end',
  'off',
  'destroyed',
  'destroy',
  'session',
  'rstCode',
  'emit',
  'complete',
  'closeIdleConnections',
  'closeAllConnections',
  'createConnection',
  'authorizationError',
  'removeAllListeners',
  'listener',
  'servername',
  'default',
]

function rowsUnder(head: string): readonly (readonly string[])[] {
  const lines = page.split('\n')
  const start = lines.indexOf(head)
  expect(start, `a table with the head ${head}`).toBeGreaterThan(-1)
  const rest = lines.slice(start + 2)
  const end = rest.findIndex((line) => !line.startsWith('|'))
  return rest.slice(0, end === -1 ? undefined : end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

function namesIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
}

function nameIn(cell: string): string {
  return namesIn(cell)[0] ?? cell
}
