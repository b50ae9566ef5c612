// `npm run drivers -- --recipes` of one driver, a few connections: its figures are those of the reports in its result.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { type Block, isBlock } from './block.js'
import { turns } from './figures.js'
import { recipeOf } from './page-recipes.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const isInstalled = existsSync(`${root}/.cache/drivers/installed-package-lock.json`)
const args = ['--recipes', '--only', 'basic-ftp', '--pairs', '2', '--connections', '3', '--json']

test.skipIf(!isInstalled)('the figures of one driver come from its reports, and stock Node has none', async () => {
  const child = spawn(process.execPath, [`${root}/dist/test/drivers/main.js`, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [stdout] = await Promise.all([text(child.stdout), once(child, 'close')])
  expect(child.exitCode).toBe(0)
  const subject = memberOf(memberOf(JSON.parse(stdout), 'subjects'), '0')
  expect(String(memberOf(subject, 'recipe')).replace(/port: \d+/, 'port: 21')).toBe(recipeOf('FTP'))

  const pairs = [0, 1].map((pair) => memberOf(memberOf(subject, 'pairs'), String(pair)))
  const [stock, recipe, again] = turns.map((turn) => pairs.map((pair) => checked(memberOf(pair, turn))))
  const connections = recipe?.flatMap((block) => block.connections) ?? []
  const kinds = ['control', 'upload', 'download']
  for (const block of [...(stock ?? []), ...(again ?? [])]) {
    expect(block.connections.map(({ kind, report }) => [kind, report])).toEqual(
      [0, 1, 2].flatMap(() => kinds.map((kind) => [kind, undefined])),
    )
  }
  const figures = memberOf(subject, 'figures')
  for (const [index, kind] of kinds.entries()) {
    const verdicts = connections.filter((each) => each.kind === kind).map(({ report }) => report?.verdict)
    const counts: Record<string, number> = {}
    for (const verdict of verdicts) counts[String(verdict)] = (counts[String(verdict)] ?? 0) + 1
    expect(verdicts).toHaveLength(6)
    expect(memberOf(memberOf(figures, 'kinds'), String(index))).toMatchObject({
      kind,
      verdicts: counts,
    })
  }
  // Data connections close in full; the memory has met the server once in each process.
  expect(connections.filter(({ kind }) => kind !== 'control').every(({ report }) => report?.verdict === 'clean')).toBe(
    true,
  )
  expect(memberOf(figures, 'memory')).toMatchObject({ misses: 2, skipped: 0 })
})

function checked(block: unknown): Block {
  if (!isBlock(block)) throw new Error(`expected a block, but received ${JSON.stringify(block)}`)
  return block
}

function memberOf(value: unknown, name: string): unknown {
  return Reflect.get(Object(value), name)
}
