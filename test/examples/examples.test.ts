/**
 * Runs each program of examples/ as its first lines say, and holds what it prints against the screen that examples/README.md
 * shows for it.
 */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(path.join(root, 'examples/README.md'), 'utf8')
const screens = [...page.matchAll(/^```console\n\$ node (\S+)\n([\s\S]*?)^```$/gm)].map(
  ([, file = '', screen = '']) => ({
    file,
    screen,
  }),
)
const files = readdirSync(path.join(root, 'examples'))
  .filter((name) => name.endsWith('.mjs'))
  .map((name) => `examples/${name}`)

describe('the examples', () => {
  test('each has its screen, and its command', () => {
    expect(screens.map(({ file }) => file).sort()).toEqual(files.sort())
    const unnamed = files.filter((file) => !readFileSync(path.join(root, file), 'utf8').includes(`//     node ${file}`))
    expect(unnamed).toEqual([])
  })

  test.concurrent.each(screens)('$file prints that screen, and ends with 0', async ({ file, screen }) => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { cwd: root, timeout: 30_000 })
    expect({ stdout, stderr }).toEqual({ stdout: screen, stderr: '' })
  })
})
