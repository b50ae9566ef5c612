/**
 * Runs the commands of every `console` block of the README, and holds what they print against what stands there: numbers,
 * and spaces that only line up a column, may differ, and a line `...` stands for any lines. `localhost:8443` is a server of
 * Node's that this test starts.
 */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { certificate } from '../support/certificate.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = path.join(root, 'dist/lib/cli/main.js')

interface Screen {
  readonly command: string
  readonly lines: readonly string[]
}

function screensOf(page: string): readonly Screen[] {
  const blocks = [...readFileSync(path.join(root, page), 'utf8').matchAll(/^```console\n([\s\S]*?)^```$/gm)]
  return blocks.flatMap(([, block = '']) =>
    block.split(/^\$ npx close-notify /m).flatMap((text) => {
      const [command = '', ...lines] = text.trimEnd().split('\n')
      return command === '' ? [] : [{ command, lines }]
    }),
  )
}

const screens = screensOf('README.md')
const hasCurl = spawnSync('curl', ['--version']).error === undefined
if (!hasCurl) console.warn('NOT RUN: the screen of assess, for there is no curl here. To try: apt-get install curl')
const server = createServer({ key: certificate.key, cert: certificate.cert }, (_request, response) => {
  response.end('hello')
})
let port = 0

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address !== null && typeof address === 'object') port = address.port
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

describe('the screens of the README', () => {
  test('are there', () => {
    expect(screens.map(({ command }) => command.split(' ')[0])).toEqual(['probe', 'assess'])
  })

  const runnable = screens.filter(({ command }) => !command.includes(' curl ') || hasCurl)
  test.each(runnable)('$command', async ({ command, lines }) => {
    const args = command.replace('8443', String(port)).split(' ')
    const probing = args[0] === 'probe' ? ['--ca', certificate.certFile] : []
    const printed = await outputOf([...args.slice(0, 1), ...probing, ...args.slice(1)])
    expect(matches(plainLines(lines), plainLines(printed.trimEnd().split('\n'))), printed).toBe(true)
  })

  test('are compared line by line', () => {
    expect(matches(['a', '...', 'b'], ['a', 'x', 'y', 'b'])).toBe(true)
    expect(matches(['a', '...', 'b'], ['a', 'b'])).toBe(true)
    expect(matches(['a', '...', 'b'], ['a', 'x'])).toBe(false)
    expect(matches(['a'], ['a', 'b'])).toBe(false)
    expect(plainLines(['FIN  -0.12 ms'])).toEqual(plainLines(['FIN 7 ms']))
    // A longer number moves a word to the next line.
    const word = 'word '.repeat(17)
    expect(plainLines([`  ${word}0.5 ms, word`, '  word'])).toEqual(plainLines([`  ${word}38.25 ms,`, '  word word']))
    expect(plainLines(['  word', '  word'])).toEqual(['  word', '  word'])
  })
})

/** Whether the lines are those printed, `...` being any, or none. */
function matches([expected, ...more]: readonly string[], printed: readonly string[]): boolean {
  if (expected === undefined) return printed.length === 0
  if (expected === '...')
    return matches(more, printed) || (printed.length > 0 && matches(['...', ...more], printed.slice(1)))
  return printed[0] === expected && matches(more, printed.slice(1))
}

// Texts are wrapped at this column; rows of tables are not.
const width = 100

/** The lines with paragraphs on one line each. */
function plainLines(lines: readonly string[]): readonly string[] {
  const joined: string[] = []
  let last = ''
  for (const line of lines) {
    const [, indent = '', word = ''] = /^( *)(\S*)/.exec(line) ?? []
    const isWrapped = indent === /^ */.exec(last)?.[0] && `${last} ${word}`.length > width && !/\S {2,}/.test(last)
    joined.push(isWrapped ? `${joined.pop() ?? ''} ${line.trimStart()}` : line)
    last = line
  }
  return joined.map(plain)
}

function plain(line: string): string {
  return line
    .replaceAll(/-?\d+(\.\d+)?/g, 'N')
    .replaceAll(/(?<=\S) {2,}/g, ' ')
    .trimEnd()
}

function outputOf(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()))
    child.on('error', reject)
    child.on('close', () => resolve(output))
  })
}
