import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Child, moduleCommand, startChild } from '../../../benchmarks/support/child.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'benchmark-child-'))
})
afterAll(() => rm(folder, { recursive: true }))

test.each([
  ['throws', 'throw new Error("as the test wants it")', 'with exit code 1'],
  ['ends', '', 'with exit code 0'],
  ['is killed', 'process.kill(process.pid, "SIGKILL")', 'by SIGKILL'],
])('a child that %s before it is ready fails the start', async (_name, code, how) => {
  const start = child(code, () => {
    throw new Error('Expected nobody to be told twice')
  })
  await expect(start).rejects.toThrow(`The test process ended before it was ready, ${how}`)
})

test('a child that says something else than that it is ready fails the start and is ended', async () => {
  await expect(child('console.log("hello")')).rejects.toThrow('expected to say "ready" but said "hello"')
})

test('a child that dies later is told once, and its commands fail', async () => {
  const errors: Error[] = []
  const started = await child('console.log("ready 1 2"); process.stdin.on("data", () => process.exit(3))', (error) =>
    errors.push(error),
  )
  expect(started.ports).toEqual([1, 2])
  await expect(started.ask('fall over')).rejects.toThrow('ended before it answered to "fall over"')
  await expect(started.ask('again')).rejects.toThrow('ended before it answered to "again"')
  await started.stop()
  expect(errors.map(({ message }) => message)).toEqual(['The test process ended early, with exit code 3'])
})

test('a child that does not go by itself is killed, and its end is not told as a failure', async () => {
  const errors: Error[] = []
  const started = await child('console.log("ready"); setInterval(() => {}, 1000)', (error) => errors.push(error))
  await started.stop()
  expect(() => process.kill(started.pid, 0)).toThrow('ESRCH')
  expect(errors).toEqual([])
})

async function child(code: string, onDied: (error: Error) => void = () => undefined): Promise<Child> {
  const file = path.join(folder, 'child.mjs')
  await writeFile(file, code)
  return startChild({ name: 'test', command: moduleCommand(pathToFileURL(file)), onDied })
}

test('questions overlap, an error of the child is one of the question, and an unknown command is a sign of life', async () => {
  const side = pathToFileURL(path.resolve('dist/benchmarks/support/child-side.js')).href
  const started = await child(
    `import { serveParent } from ${JSON.stringify(side)}
     const late = (...words) => new Promise((resolve) => setTimeout(() => resolve(words.join('+')), 50))
     serveParent(['a', 7], { late, early: () => 'now', fail() { throw new Error('no\\nway') } })`,
  )
  expect(started.ready).toEqual(['a', '7'])
  const answers: string[] = []
  const note = (text: string): number => answers.push(text)
  await Promise.all([started.ask('late', 1, 'two').then(note), started.ask('early').then(note)])
  expect(answers).toEqual(['now', '1+two'])
  await expect(started.ask('fail')).rejects.toThrow(/^The test process failed to fail: Error: no way/)
  expect(await started.ask('anything')).toBe('')
  await started.stop()
})
