/** docs/peers.md has the profiles as the code has them, and the options as --help has them. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { profiles } from '../../lib/lab/peers/profiles.js'

const page = readFileSync(new URL('../../docs/peers.md', import.meta.url), 'utf8')
const program = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))

test.each(['serve', 'connect', 'assess'])(
  'the page has the options of %s, word for word and in their order',
  (name) => {
    const help = execFileSync(process.execPath, [program, name, '--help'], { encoding: 'utf8' })
    const options = [...help.matchAll(/^ {2}(-.*?) {2,}(\S.*(?:\n {10,}\S.*)*)/gm)].map(
      ([, flags = '', meaning = '']) => {
        return `| \`${flags}\` | ${meaning.replaceAll(/\n +/g, ' ')} |`
      },
    )
    expect(options.length).toBeGreaterThan(5)
    const table = ['| option | meaning |', '|---|---|', ...options]
    expect(page).toContain(`<!-- options of ${name} -->\n${table.join('\n')}\n<!-- /options -->`)
  },
)

test('the page has every profile, with its sentence and its place', () => {
  const [, table = ''] = /<!-- profiles -->\n([\s\S]*?)\n<!-- \/profiles -->/.exec(page) ?? []
  const sections = (['server', 'client'] as const).map((side) =>
    [
      `| ${side} | does | known from |`,
      '|---|---|---|',
      ...profiles
        .filter((profile) => profile.side === side)
        .map(({ name, does, documented, versions }) => {
          const only = versions.length === 1 ? ` (${versions.join()})` : ''
          return `| \`${name}\`${only} | ${does} | ${documented} |`
        }),
    ].join('\n'),
  )
  expect(table).toBe(sections.join('\n\n'))
})
