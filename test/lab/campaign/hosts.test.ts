import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostsOf, targetsOf } from '../../../lib/lab/campaign/hosts.js'
import type { BadLine, HostLine } from '../../../lib/lab/campaign/hosts.js'
import { all, listOf } from './support.js'

const read = (...chunks: readonly (string | Uint8Array)[]): Promise<readonly HostLine[]> => all(hostsOf(listOf(chunks)))
const target = (name: string, line: number): HostLine => ({ kind: 'target', target: name, line })
const bad = (reason: BadLine, line: number): HostLine => ({ kind: 'bad', line, reason })

describe('a line of a list', () => {
  test.each([
    ['a host', 'example.org', 'example.org'],
    ['a host and a port', 'example.org:8443', 'example.org:8443'],
    ['an IPv6 address', '[2001:db8::1]:443', '[2001:db8::1]:443'],
    ['spaces around', ' \t example.org\t ', 'example.org'],
    ['a comment behind', 'example.org # the example', 'example.org'],
    ['CRLF', 'example.org\r', 'example.org'],
    ['a rank and a comma', '1,example.org', 'example.org'],
    ['a rank and a tab', '27\texample.org', 'example.org'],
    ['a rank and a semicolon', '27; example.org', 'example.org'],
    ['a rank, and columns behind the host', '3,example.org,12.5,x', 'example.org'],
    ['the host in the first column', 'example.org,1', 'example.org'],
    ['double quotes', '"1","example.org"', 'example.org'],
    ['double quotes alone', '"example.org"', 'example.org'],
    ['letters that are not ASCII', 'b\u00fccher.example', 'b\u00fccher.example'],
    ['a number alone, which is no rank of anything', '8080', '8080'],
    ['an address, which is no rank', '192.0.2.1,x', '192.0.2.1'],
  ])('gives the target: %s', async (_title, line, expected) => {
    expect(await read(`${line}\nnext.example\n`)).toEqual([target(expected, 1), target('next.example', 2)])
  })

  test.each([
    ['blank', ''],
    ['of spaces', ' \t '],
    ['of a carriage return', '\r'],
    ['of a comment', '# example.org'],
    ['of a comment behind spaces', '   # example.org'],
    ['the header of a table', 'rank,domain'],
    ['the header of a table, in capitals and quotes', '"Hostname"\t"Country"'],
  ])('is nothing where it is %s', async (_title, line) => {
    expect(await read(`${line}\nexample.org\n`)).toEqual([target('example.org', 2)])
  })

  test('is a header only where it is the first that is not blank, and has columns', async () => {
    expect(await read('# list\n\nrank,domain\n1,host\nhost,domain\n')).toEqual([target('host', 4), target('host', 5)])
    expect(await read('host\n')).toEqual([target('host', 1)])
    expect(await read('1,host\n')).toEqual([target('host', 1)])
  })

  const long = 'a'.repeat(8193)
  test.each([
    ['too-long', long],
    ['too-long', `example.org #${long}`],
    ['not-utf-8', Buffer.from([0x61, 0xff, 0x62])],
    ['not-utf-8', Buffer.from([0xed, 0xa0, 0x80])],
    ['empty-host', '1,,x'],
    ['empty-host', ',example.org'],
    ['not-a-host', 'example.org 443'],
    ['not-a-host', 'exam\u0000ple.org'],
  ] as const)('is reported and passed over: %s (%#)', async (reason, line) => {
    expect(await read('first.example\n', line, '\nnext.example')).toEqual([
      target('first.example', 1),
      bad(reason, 2),
      target('next.example', 3),
    ])
  })

  test('may have 8192 bytes', async () => {
    expect(await read(`${'a'.repeat(8192)}\n`)).toEqual([target('a'.repeat(8192), 1)])
  })
})

test.each(['\uFEFFexample.org', '\uFEFF1,example.org', '\uFEFF"example.org"', '\uFEFFexample.org\n\uFEFF# list'])(
  'a byte order mark is no part of a line: %j',
  async (list) => {
    expect(await read(list)).toEqual([target('example.org', 1)])
  },
)

test('a list of nothing has no lines', async () => {
  expect(await read()).toEqual([])
  expect(await read('', '\n', '')).toEqual([])
})

test('a list rejects where its source does, with what came before', async () => {
  const lines: HostLine[] = []
  const failing = async (): Promise<void> => {
    for await (const line of hostsOf(failingSource())) lines.push(line)
  }
  await expect(failing()).rejects.toThrow('EIO')
  expect(lines).toEqual([target('example.org', 1)])
})

async function* failingSource(): AsyncGenerator<string, void, undefined> {
  yield* listOf(['example.org\nexam'])
  throw new Error('EIO')
}

test('a source is asked for no more than the lines need, and ends with their reader', async () => {
  let asked = 0
  let isOver = false
  async function* source(): AsyncGenerator<string, void, undefined> {
    try {
      for (;;) {
        asked += 1
        yield* listOf([`a${asked}.example\nb${asked}.example\n`])
      }
    } finally {
      isOver = true
    }
  }
  const lines: HostLine[] = []
  for await (const line of hostsOf(source())) {
    lines.push(line)
    if (lines.length === 4) break
  }
  expect({ asked, isOver }).toEqual({ asked: 2, isOver: true })
})

test('targetsOf() gives the targets, and tells of bad lines', async () => {
  const told: unknown[] = []
  const list = hostsOf(listOf(['example.org\na b\n,\nexample.net']))
  expect(await all(targetsOf(list, (line, reason) => told.push([line, reason])))).toEqual([
    'example.org',
    'example.net',
  ])
  expect(told).toEqual([
    [2, 'not-a-host'],
    [3, 'empty-host'],
  ])
})

/** Bytes of a line without its end, and what they are to give. */
interface Written {
  readonly bytes: Buffer
  readonly gives: { readonly target: string } | { readonly reason: BadLine } | undefined
}

const hostNames = fc
  .array(fc.stringMatching(/^[a-z\d\u00e0-\u00ff]{1,8}$/), { minLength: 2, maxLength: 4 })
  .map((labels) => labels.join('.'))
  .filter((name) => !/^\d/.test(name))

const writtenHosts: fc.Arbitrary<Written> = fc
  .tuple(
    hostNames,
    fc.constantFrom('', '1,', '20\t', '"3" ; '),
    fc.constantFrom('', ',x', '\t"y"'),
    fc.constantFrom('', ' # c', '#'),
  )
  .map(([name, rank, more, comment]) => ({
    bytes: Buffer.from(`${rank}${name}${more}${comment}`),
    gives: { target: name },
  }))

const otherLines: fc.Arbitrary<Written> = fc.oneof(
  fc.constantFrom('', '  ', '#', '# a, b').map((text) => ({ bytes: Buffer.from(text), gives: undefined })),
  fc
    .constantFrom([0xff], [0xc3], [0x61, 0xe2, 0x82])
    .map((bytes) => ({ bytes: Buffer.from(bytes), gives: { reason: 'not-utf-8' } }) as const),
  fc
    .integer({ min: 8193, max: 20_000 })
    .map((length) => ({ bytes: Buffer.alloc(length, 'x'), gives: { reason: 'too-long' } }) as const),
)

test('a list gives the same lines however it is cut into chunks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 4, arbitrary: writtenHosts }, { weight: 1, arbitrary: otherLines }), {
        maxLength: 30,
      }),
      fc.boolean(),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 10 }),
      async (lines, hasMark, lineEnd, isTerminated, sizes) => {
        const parts = lines.flatMap(({ bytes }, index) => {
          const isLast = index === lines.length - 1
          return isLast && !isTerminated ? [bytes] : [bytes, Buffer.from(lineEnd)]
        })
        const list = Buffer.concat([Buffer.from(hasMark ? '\uFEFF' : ''), ...parts])
        const expected = lines.flatMap(({ gives }, index): readonly HostLine[] => {
          if (gives === undefined) return []
          return 'target' in gives ? [target(gives.target, index + 1)] : [bad(gives.reason, index + 1)]
        })
        expect(await all(hostsOf(listOf(chunksOf(list, sizes))))).toEqual(expected)
      },
    ),
    { numRuns: 300 },
  )
})

function* chunksOf(bytes: Buffer, sizes: readonly number[]): Generator<Uint8Array, void, undefined> {
  // All chunks lie in the same memory, as those of a source that uses its memory again.
  const chunk = Buffer.alloc(Math.max(...sizes))
  for (let from = 0, index = 0; from < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1
    const length = bytes.copy(chunk, 0, from, from + size)
    yield chunk.subarray(0, length)
    from += length
  }
}
