/** docs/peers.md has the table of profiles as the code has it. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { profiles } from '../../lib/lab/peers/profiles.js'

test('the page has every profile, with its sentence and its place', () => {
  const page = readFileSync(new URL('../../docs/peers.md', import.meta.url), 'utf8')
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
