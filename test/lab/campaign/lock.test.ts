import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { lockFile } from '../../../lib/lab/campaign/lock.js'
import { startProgram, temporaryFolder, textWith } from './support.js'

const inUse = (text: string) => ({ code: 'ERR_LAB_JOURNAL_IN_USE', message: textWith(text) })

describe('the lock of a file', () => {
  test('is had once, and leaves nothing behind', async () => {
    const folder = await temporaryFolder()
    const file = path.join(folder, 'journal')
    const lock = await lockFile(file)
    await expect(lockFile(file)).rejects.toMatchObject(inUse(`process ${process.pid}`))
    expect(await readdir(folder)).toEqual(['journal.lock'])
    await lock.release()
    expect(await readdir(folder)).toEqual([])
    const next = await lockFile(file)
    // Not the lock of another.
    await lock.release()
    await expect(lockFile(file)).rejects.toMatchObject(inUse(`process ${process.pid}`))
    await next.release()
  })

  test('of another process is had until that is killed', async () => {
    const file = path.join(await temporaryFolder(), 'journal')
    const holder = startProgram('take-lock.mjs', [file, '-'])
    await holder.printed(1)
    expect(holder.facts).toEqual([{ locked: holder.pid }])
    await expect(lockFile(file)).rejects.toMatchObject(
      inUse(`process ${holder.pid}: where that does not run any more, remove`),
    )
    holder.kill('SIGKILL')
    await holder.ended
    await (await lockFile(file)).release()
  })

  test('is taken over where another process has the number of its holder by now', async () => {
    const { file, ...locks } = await abandoned()
    await locks.put('journal.lock', { pid: process.pid, started: '1' })
    await (await lockFile(file)).release()
  })

  test('is left alone where its holder is on another machine', async () => {
    const { file, ...locks } = await abandoned()
    await locks.put('journal.lock', { host: 'elsewhere.example' })
    await expect(lockFile(file)).rejects.toMatchObject(inUse('of elsewhere.example'))
  })

  test.each(['', 'text', '{}', 'null', '{"pid":1,"started":"","host":"","token":"../../../../../tmp/elsewhere"}'])(
    'is left alone where it is none of ours: %s',
    async (content) => {
      const file = path.join(await temporaryFolder(), 'journal')
      await writeFile(`${file}.lock`, content)
      await expect(lockFile(file)).rejects.toMatchObject(inUse('a process that it does not name'))
      expect(await readFile(`${file}.lock`, 'utf8')).toBe(content)
    },
  )

  test('is taken over where a process died while it took it over, and nothing is left behind', async () => {
    const { folder, file, ...locks } = await abandoned()
    const first = await locks.put('journal.lock')
    const second = await locks.put(`journal.lock.${first}`)
    await locks.put(`journal.lock.${first}.${second}`)
    await (await lockFile(file)).release()
    expect(await readdir(folder)).toEqual([])
  })

  test('is not taken over where a running process is about to', async () => {
    const { file, ...locks } = await abandoned()
    const token = await locks.put('journal.lock')
    await locks.put(`journal.lock.${token}`, { host: 'elsewhere.example' })
    await expect(lockFile(file)).rejects.toMatchObject(inUse('of elsewhere.example'))
  })

  test('rejects with the error of the system where there is no such folder', async () => {
    await expect(lockFile(path.join(await temporaryFolder(), 'none', 'journal'))).rejects.toMatchObject({
      code: 'ENOENT',
    })
  })
})

test('of many that find an abandoned lock at once, one takes it over', async () => {
  const { folder, file, ...locks } = await abandoned()
  for (let round = 0; round < 20; round++) {
    await locks.put('journal.lock')
    const taken = await Promise.allSettled(Array.from({ length: 20 }, () => lockFile(file)))
    const winners = taken.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    expect(winners).toHaveLength(1)
    for (const lock of winners) await lock.release()
    expect(await readdir(folder)).toEqual([])
  }
})

test('of many processes one has the lock at a time, also where they die with it', async () => {
  const folder = await temporaryFolder()
  const file = path.join(folder, 'journal')
  const log = path.join(folder, 'log')
  const programs = Array.from({ length: 6 }, () => startProgram('take-lock.mjs', [file, log, 12]))
  const ends = await Promise.all(programs.map(({ ended }) => ended))
  expect(ends).toEqual(programs.map(() => ({ code: null, signal: 'SIGKILL', stderr: '' })))
  const lines = (await readFile(log, 'utf8')).trimEnd().split('\n')
  expect(lines).toHaveLength(2 * 6 * 12)
  for (let index = 0; index < lines.length; index += 2) {
    expect(lines[index + 1], `line ${index + 2}`).toBe(lines[index]?.replace('in', 'out'))
  }
  await (await lockFile(file)).release()
  expect(await readdir(folder)).toEqual(['log'])
})

/** Locks of a process that has ended, unless a test wants something else of them. */
async function abandoned() {
  const folder = await temporaryFolder()
  const pid = Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }))
  return {
    folder,
    file: path.join(folder, 'journal'),
    async put(name: string, other: object = {}) {
      const token = randomUUID()
      await writeFile(
        path.join(folder, name),
        JSON.stringify({ pid, started: '1', host: os.hostname(), token, ...other }),
      )
      return token
    },
  }
}
