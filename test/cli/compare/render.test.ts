import { describe, expect, test } from 'vitest'
import type { Comparison } from '../../../lib/lab/compare/comparison.js'
import { renderChangesAsMarkdown } from '../../../lib/cli/compare/render/changes-markdown.js'
import { changesOf } from '../../../lib/lab/compare/changes.js'
import { renderCsv } from '../../../lib/cli/compare/render/csv.js'
import { renderMarkdown } from '../../../lib/cli/compare/render/markdown.js'
import { isComplete } from '../../../lib/cli/compare/render/problems.js'
import { colourStyle, plainStyle } from '../../../lib/cli/style.js'
import { renderText } from '../../../lib/cli/compare/render/text.js'
import type { TextOptions } from '../../../lib/cli/compare/render/text.js'
import {
  build,
  comparison,
  fiveBuilds,
  ran,
  readEof,
  readEofOf111,
  scenario,
  shutdown,
} from '../../lab/compare/comparison.js'

describe('as text', () => {
  test('each build has a column where there is room, and what differs has a mark', () => {
    const output = text(fiveBuilds(), { width: 200 })
    expect(linesWith(output, '│ step')).toEqual([
      expect.stringMatching(/OpenSSL 1\.1\.1w .*OpenSSL 3\.0\.20 .*OpenSSL 3\.5\.6 .*OpenSSL 4\.0\.0 .*BoringSSL/),
    ])
    const [row = ''] = linesWith(output, '│ client SSL_read')
    expect(row.split('│').map((cell) => cell.trim().startsWith('*'))).toEqual([
      false,
      false,
      true,
      false,
      false,
      false,
      true,
      false,
    ])
  })

  test('builds that gave the same share a column where each of its own would be too wide', () => {
    const output = text(fiveBuilds(), { width: 80 })
    const [, ...heads] =
      linesWith(output, '│ step')[0]
        ?.split('│')
        .map((cell) => cell.trim()) ?? []
    expect(heads).toEqual(['step', 'OpenSSL 1.1.1w', 'OpenSSL 3.0.20,', 'BoringSSL', ''])
    expect(output).toMatch(/│ 3\.5\.6, 4\.0\.0 +│/)
  })

  test('each different result has lines of its own where columns would be too wide', () => {
    const output = text(fiveBuilds(), { width: 60 })
    expect(linesWith(output, '│ step')).toEqual([expect.stringMatching(/step +│ builds +│ result/)])
    expect(output).toMatch(/OpenSSL 1\.1\.1w +│ \* 0/)
  })

  test.each([60, 80, 100, 120, 160, 250])('no line is wider than %i columns', (width) => {
    for (const allRows of [true, false]) {
      const lines = text(fiveBuilds(), { width, allRows }).split('\n')
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width)
    }
  })

  test('no word is broken, however narrow it is', () => {
    const output = text(fiveBuilds(), { width: 20, allRows: true })
    for (const word of ['SSL_ERROR_SYSCALL', 'SSL_shutdown', 'unexpected']) expect(output).toContain(word)
  })

  test('colour stands in for the mark', () => {
    const output = text(fiveBuilds(), { width: 160, style: colourStyle })
    expect(output).toContain('\u001b[33m0 SSL_ERROR_SYSCALL')
    expect(output).not.toContain('*')
  })

  test('scenarios that are alike are counted and named only, until they are asked for', () => {
    const short = text(fiveBuilds(), {})
    expect(short).not.toContain('│ client SSL_shutdown')
    expect(short).toContain('1 other step alike')
    expect(short).toContain('Tables that differ: 1 of 2')
    expect(short).toContain('Unlike most builds: OpenSSL 1.1.1w (1), BoringSSL (1)')
    expect(short).toContain('lab-alike (TLSv1.3)')

    const long = text(fiveBuilds(), { allRows: true, width: 160 })
    expect(linesWith(long, '│ client SSL_shutdown')).toHaveLength(2)
    expect(long).not.toMatch(/step alike|Alike on all/)
  })

  test('versions of TLS that gave the same share a table', () => {
    const { builds, scenarios } = fiveBuilds()
    const [first, second] = scenarios
    if (first === undefined || second === undefined) throw new Error('Expected two scenarios')
    const output = text(comparison(builds, [{ ...first, tls: 'TLSv1.2' }, first, second]), {})
    expect(output).toContain('lab-bare-eof (TLSv1.2, TLSv1.3)')
    expect(linesWith(output, '│ step')).toHaveLength(1)
  })

  test('versions of TLS that differ have a table each', () => {
    const builds = [build('a', 'A'), build('b', 'B')]
    const output = text(
      comparison(builds, [
        scenario('lab-eof', { a: ran(readEof), b: ran(readEofOf111) }, { tls: 'TLSv1.2' }),
        scenario('lab-eof', { a: ran(readEofOf111), b: ran(readEof) }, { tls: 'TLSv1.3' }),
      ]),
      {},
    )
    expect(linesWith(output, 'lab-eof')).toEqual(['lab-eof (TLSv1.2)', 'lab-eof (TLSv1.3)'])
  })

  test('a failure names the build and the scenario', () => {
    const output = text(unhappy(), {})
    expect(output).toContain('NOT LOADED: ERR_OPENSSL_NOT_A_LIBRARY: no libssl')
    expect(output).toContain('CRASHED before it was loaded: SIGSEGV: as the test wants it')
    expect(output).toContain('A: not run, for want of SSL_shutdown_ex')
    expect(output).toContain('B: CRASHED: SIGABRT')
  })

  test('explanations are wrapped', () => {
    const because = 'word '.repeat(60).trim()
    const results = { a: ran(readEof), b: ran(readEofOf111) }
    const explained = scenario('lab-eof', results, { explanations: [{ builds: ['b'], because }] })
    const output = text(comparison([build('a', 'A'), build('b', 'B')], [explained]), { width: 80 })
    expect(output).toMatch(/^ {2}B: word/m)
    expect(Math.max(...output.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80)
  })
})

describe('as CSV', () => {
  test('there is a line for each scenario, step and build', () => {
    const lines = renderCsv(fiveBuilds()).split('\r\n')
    expect(lines).toHaveLength(1 + 3 * 5 + 1)
    expect(lines[0]).toMatch(/^scenario,tls,build,label,outcome,step,differs,/)
    expect(lines).toContain(
      'lab-bare-eof,TLSv1.3,openssl-1.1.1,OpenSSL 1.1.1w,ran,client SSL_read,yes,SSL_read,0,SSL_ERROR_SYSCALL,,SENT,,,,,,',
    )
  })

  test.each([
    ['a quote', 'a "b"', '"a ""b"""'],
    ['a comma', 'a, b', '"a, b"'],
    ['the end of a line', 'a\nb', '"a\nb"'],
    ['a carriage return', 'a\rb', '"a\rb"'],
    ['nothing of that', 'a; b', 'a; b'],
  ])('a cell with %s is quoted where it has to be', (_what, data, quoted) => {
    const odd = scenario('lab-odd', { a: ran({ ...shutdown, data }) })
    expect(renderCsv(comparison([build('a', 'A')], [odd]))).toContain(`,SENT,${quoted},,`)
  })

  test('every line has as many cells, also where nothing ran', () => {
    const lines = renderCsv(unhappy()).trimEnd().split('\r\n')
    expect(new Set(lines.map((line) => line.split(',').length)).size).toBe(1)
    expect(lines).toContain(`lab-one,TLSv1.3,b,B,crashed${','.repeat(13)}`)
  })
})

describe('as markdown', () => {
  test('differences come first, each once, and link to the folded table of each scenario that shows it', () => {
    const output = renderMarkdown(fiveBuilds())
    expect(linesWith(output, '| `-1 SSL_ERROR_SSL').slice(0, 1)).toEqual([
      '| `-1 SSL_ERROR_SSL "unexpected eof while reading" [SENT]` | OpenSSL 1.1.1w: `0 SSL_ERROR_SYSCALL [SENT]`<br>' +
        'BoringSSL: `0 SSL_ERROR_SYSCALL [none]` | [lab-bare-eof (1.3)](#lab-bare-eof-1.3) |',
    ])
    expect(output.indexOf('### What differs')).toBeLessThan(output.indexOf('<details '))
    const folded = linesWith(output, '<details ')
    expect(folded).toEqual([
      '<details id="lab-bare-eof-1.3"><summary>lab-bare-eof (1.3): OpenSSL 1.1.1w, BoringSSL in 1 of 2 steps</summary>',
      '<details id="lab-alike-1.3"><summary>lab-alike (1.3): alike</summary>',
    ])
    expect(output.match(/^<\/details>/gm)).toHaveLength(folded.length)
  })

  test('builds that gave the same throughout share a column', () => {
    const output = renderMarkdown(fiveBuilds())
    expect(linesWith(output, '| step |')).toEqual([
      '| step | OpenSSL 1.1.1w | OpenSSL 3.0.20, 3.5.6, 4.0.0 | BoringSSL |',
      '| step | all |',
    ])
  })

  test('many places of one difference are folded', () => {
    const results = { a: ran(readEof), b: ran(readEofOf111) }
    const names = ['lab-a', 'lab-b', 'lab-c', 'lab-d']
    const shown = comparison(
      [build('a', 'A'), build('b', 'B')],
      names.map((name) => scenario(name, results)),
    )
    const output = renderMarkdown(shown)
    expect(linesWith(output, '<summary>4 steps</summary>')).toHaveLength(1)
  })

  test('of two builds the first is told beside the second, not most beside others', () => {
    const pair = comparison(
      [build('a', 'A'), build('b', 'B')],
      [scenario('lab-a', { a: ran(readEof), b: ran(readEofOf111) })],
    )
    expect(linesWith(renderMarkdown(pair), '| A | B | in |')).toHaveLength(1)
    expect(text(pair, {})).toContain('Unlike A: B (1)')
  })

  test('has neither date nor paths: the same builds give the same page', () => {
    const output = renderMarkdown(fiveBuilds())
    expect(output).not.toContain('2026-01-02')
    expect(output).not.toContain('/builds/')
  })

  test('a path that stands for a build is shown as it is', () => {
    const [path, shown] = ['/a|b/_c_/x86_64<i>*', '/a\\|b/\\_c\\_/x86_64\\<i\\>\\*']
    const output = renderMarkdown(
      comparison(
        [build('a', path), build('b', 'B'), build('c', 'C')],
        [scenario('lab-a', { a: ran(readEofOf111), b: ran(readEof), c: ran(readEof) })],
      ),
    )
    expect(output).toContain(`\n| ${shown} | \``)
    expect(output).toContain(` | ${shown}: \`0 SSL_ERROR_SYSCALL`)
    expect(output).toContain(`| step | ${shown} | B, C |`)
    expect(output).toContain(': /a|b/_c_/x86_64&lt;i>* in 1 of 1 steps</summary>')
    const pair = comparison([build('a', path), build('b', 'B')], [])
    expect(renderMarkdown(pair)).toContain(`\n| ${shown} | `)
    const same = scenario('lab-a', { a: ran(readEof), b: ran(readEof) })
    const page = renderChangesAsMarkdown(changesOf({ ...pair, scenarios: [same] }, 'a', 'b'), { allSteps: false })
    expect(page).toContain(`### ${shown} to B\n`)
  })

  test('a pipe does not end a cell', () => {
    const flags = { ...shutdown, flags: 'SENT|RECEIVED' } as const
    const output = renderMarkdown(comparison([build('a', 'A')], [scenario('lab-pipe', { a: ran(flags) })]))
    expect(output).toContain('`0 [SENT\\|RECEIVED]`')
    expect(output).not.toMatch(/SENT\|/)
  })
})

describe('a comparison is complete', () => {
  test('when every build ran what it has the calls for', () => {
    expect(isComplete(fiveBuilds())).toBe(true)
    const lacking = scenario('lab-ex', { a: { kind: 'lacking', calls: ['SSL_shutdown_ex'] } })
    expect(isComplete(comparison([build('a', 'A')], [lacking]))).toBe(true)
  })

  test.each([
    ['a scenario crashed', { kind: 'crashed', crash: { how: 'SIGSEGV', said: '' } }],
    ['a scenario failed', { kind: 'failed', message: 'as the test wants it' }],
  ] as const)('not when %s', (_what, result) => {
    expect(isComplete(comparison([build('a', 'A')], [scenario('lab-one', { a: result })]))).toBe(false)
  })

  test('not when a build was not loaded, or crashed at exit', () => {
    const { builds } = unhappy()
    for (const one of builds.slice(2)) expect(isComplete(comparison([one], []))).toBe(false)
    const atExit = { ...build('a', 'A'), crashedAtExit: { how: 'SIGSEGV', said: '' } }
    expect(isComplete(comparison([atExit], []))).toBe(false)
  })
})

/** Builds of which none ran the one scenario. */
function unhappy(): Comparison {
  const message = 'no libssl'
  const crash = { how: 'SIGSEGV', said: 'as the test wants it' }
  return comparison(
    [
      build('a', 'A'),
      build('b', 'B'),
      { id: 'c', label: 'c', libssl: '/c', status: 'not-loaded', code: 'ERR_OPENSSL_NOT_A_LIBRARY', message },
      { id: 'd', label: 'd', libssl: '/d', status: 'crashed', crash },
    ],
    [
      scenario('lab-one', {
        a: { kind: 'lacking', calls: ['SSL_shutdown_ex'] },
        b: { kind: 'crashed', crash: { how: 'SIGABRT', said: '' } },
      }),
    ],
  )
}

function text(shown: Comparison, options: Partial<TextOptions>): string {
  return renderText(shown, { width: 120, style: plainStyle, allRows: false, ...options })
}

function linesWith(output: string, part: string): readonly string[] {
  return output.split('\n').filter((line) => line.includes(part))
}
