/** docs/lab.md lists the options that the program has, and its words are those of the results. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { questions } from '../../lib/lab/probe/options.js'

const root = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url))
const page = readFileSync(root('docs/lab.md'), 'utf8')

test('the options of close-notify probe --help, word for word and in their order', () => {
  const help = execFileSync(process.execPath, [root('dist/lib/cli/main.js'), 'probe', '--help'], { encoding: 'utf8' })
  const documented = [...page.matchAll(/^\| `(-.*?)` \| (.*) \|$/gm)].map(([, flags, meaning]) => [flags, meaning])
  const printed = [...help.matchAll(/^ {2}(-.*?) {2,}(\S.*(?:\n {10,}\S.*)*)/gm)].map(
    ([, flags = '', meaning = '']) => [flags, meaning.replaceAll(/\n +/g, ' ')],
  )
  expect(documented).toEqual(printed)
  expect(documented.length).toBeGreaterThan(20)
})

test('every question, and every reason of the schema', () => {
  const schema = readFileSync(root('docs/probe-result.schema.json'), 'utf8')
  const reasons = /"reason": \{\s*"anyOf": \[\s*\{\s*"enum": \[([^\]]*)\]/.exec(schema)?.[1]?.match(/[\w-]+/g) ?? []
  expect(reasons.length).toBeGreaterThan(10)
  const missing = [...questions, ...reasons].filter((word) => !page.includes(`\`${word}\``))
  expect(missing).toEqual([])
})
