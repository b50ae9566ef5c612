import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Child, startChild } from '../../../benchmarks/support/child.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'benchmark-child-'))
})
afterAll(() => rm(folder, { recursive: true }))

test.each([
  ['throws', 'throw new Error("as the test wants it")', 'with exit code 1'],
  ['ends', '', 'with exit code 0'],
  ['is killed', 'process.kill(process.pid, "SIGKILL")', 'by SIGKILL'],
])('a child that %s before it listens fails the start', async (_name, code, how) => {
  const start = child(code, () => {
    throw new Error('Expected nobody to be told twice')
  })
  await expect(start).rejects.toThrow(`The test process ended before it listened, ${how}`)
})

test('a child that sends something else than ports fails the start and is ended', async () => {
  await expect(child('process.send({ ports: "none" })')).rejects.toThrow('The test process sent no ports')
})

test('a child that dies later is told once, and its commands fail', async () => {
  const errors: Error[] = []
  const started = await child(
    'process.send({ ports: [1, 2] }); process.on("message", () => process.exit(3))',
    (error) => errors.push(error),
  )
  expect(started.ports).toEqual([1, 2])
  await expect(started.command('fall over')).rejects.toThrow('ended before it answered to "fall over"')
  await expect(started.command('again')).rejects.toThrow('ended before it answered to "again"')
  await started.stop()
  expect(errors.map(({ message }) => message)).toEqual(['The test process ended early, with exit code 3'])
})

test('a child that does not go by itself is killed, and its end is not told as a failure', async () => {
  const errors: Error[] = []
  const started = await child('process.send({ ports: [] }); setInterval(() => {}, 1000)', (error) => errors.push(error))
  await started.stop()
  expect(() => process.kill(started.pid, 0)).toThrow('ESRCH')
  expect(errors).toEqual([])
})

async function child(code: string, onDied: (error: Error) => void = () => undefined): Promise<Child> {
  const file = path.join(folder, 'child.mjs')
  await writeFile(file, code)
  return startChild({ name: 'test', module: pathToFileURL(file), onDied })
}
