// Campaigns in processes of their own, which are ended in the middle and go on in the next one.
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../support/random.js'
import { memberOf, numberOf, startProgram, temporaryFolder } from './support.js'
import type { Program } from './support.js'

const seed = Number(process.env['CLOSE_NOTIFY_SEED'] ?? Date.now() % 2 ** 31)

describe(`each target has one result in the end (CLOSE_NOTIFY_SEED=${seed})`, () => {
  test('where the program was killed twenty times', { timeout: 120_000 }, async () => {
    const random = seededRandom(seed)
    const { targets, list, journal } = await listOfHosts(5000)
    const written = new Set<string>()
    for (let round = 0; round < 20; round++) {
      const program = startProgram('run-campaign.mjs', [list, journal, 5])
      // Some before or while it opens the journal, the others in the middle of its work.
      if (random.next() < 0.3) await sleep(random.integer(0, 200))
      else await program.printed(random.integer(1, 120))
      program.kill('SIGKILL')
      expect(await program.ended, `round ${round}`).toEqual({ code: null, signal: 'SIGKILL', stderr: '' })
      const before = written.size
      const own = writtenBy(program)
      for (const target of own) written.add(target)
      expect(written.size, `no target is written in two rounds (${round})`).toBe(before + own.length)
      const kept = new Set(await targetsIn(journal))
      expect(
        [...written].filter((target) => !kept.has(target)),
        `what was written is there (${round})`,
      ).toEqual([])
    }
    expect(written.size).toBeLessThan(targets.length)
    const { outcome } = await complete(list, journal)
    expect(outcome).toMatchObject({ ended: 'complete', failed: 0, aborted: 0, left: 0 })
    expect(numberOf(outcome, 'done') + numberOf(outcome, 'skipped')).toBe(targets.length)
    await expectEachOnce(journal, targets)
  })

  test('where it was ended by Ctrl-C', async () => {
    const { targets, list, journal } = await listOfHosts(2000)
    const program = startProgram('run-campaign.mjs', [list, journal, 5])
    await program.printed(100)
    program.kill('SIGINT')
    expect(await program.ended).toEqual({ code: 0, signal: null, stderr: '' })
    const outcome = memberOf(program.facts.at(-1), 'outcome')
    expect(outcome).toMatchObject({ ended: 'aborted', failed: 0, skipped: 0 })
    expect(numberOf(outcome, 'aborted')).toBeLessThanOrEqual(10)
    const written = writtenBy(program)
    expect(numberOf(outcome, 'done')).toBe(written.length)
    expect([...(await targetsIn(journal))].sort()).toEqual([...written].sort())
    const last = await complete(list, journal)
    expect(last).toMatchObject({
      outcome: { ended: 'complete', done: targets.length - written.length, skipped: written.length, left: 0 },
      resumed: written.length,
      cutOff: 0,
    })
    await expectEachOnce(journal, targets)
  })

  test('where the disk was full in the middle of a line', async () => {
    const { targets, list, journal } = await listOfHosts(300)
    // A file may have 100,000 bytes, and a write that goes beyond is cut there.
    const limited = ['prlimit', '--fsize=100000', '--']
    const program = startProgram('run-campaign.mjs', [list, journal, 1], [], limited)
    expect(await program.ended).toEqual({ code: 0, signal: null, stderr: '' })
    expect(program.facts.at(-1)).toEqual({ error: 'EFBIG' })
    const written = writtenBy(program)
    expect(written.length).toBeGreaterThan(50)
    const torn = await readFile(journal, 'utf8')
    expect(torn).toHaveLength(100_000)
    expect(torn.endsWith('\n')).toBe(false)
    const last = await complete(list, journal)
    expect(numberOf(last, 'cutOff')).toBe(torn.length - 1 - torn.lastIndexOf('\n'))
    expect(numberOf(last, 'resumed')).toBeGreaterThanOrEqual(written.length)
    await expectEachOnce(journal, targets)
  })

  test('where a second program was started, which is refused', async () => {
    const { targets, list, journal } = await listOfHosts(300)
    const first = startProgram('run-campaign.mjs', [list, journal, 30_000])
    await first.printed(1)
    const second = startProgram('run-campaign.mjs', [list, journal, 1])
    const { code, stderr } = await second.ended
    expect({ code, facts: second.facts }).toEqual({ code: 1, facts: [] })
    expect(stderr).toContain(`ERR_LAB_JOURNAL_IN_USE`)
    expect(stderr).toContain(`a lock of process ${first.pid}`)
    first.kill('SIGKILL')
    await first.ended
    expect(await complete(list, journal)).toMatchObject({ outcome: { done: 300 }, resumed: 0 })
    await expectEachOnce(journal, targets)
  })
})

async function listOfHosts(count: number) {
  const folder = await temporaryFolder()
  const targets = Array.from({ length: count }, (_, index) => `host-${index}.example`)
  const list = path.join(folder, 'hosts.csv')
  await writeFile(list, targets.map((target, index) => `${index + 1},${target}\n`).join(''))
  return { targets, list, journal: path.join(folder, 'journal.ndjson') }
}

/** What the program says at the end. */
async function complete(list: string, journal: string) {
  const program = startProgram('run-campaign.mjs', [list, journal, 1])
  expect(await program.ended).toEqual({ code: 0, signal: null, stderr: '' })
  const [opened] = program.facts
  const outcome = memberOf(program.facts.at(-1), 'outcome')
  return { outcome, resumed: memberOf(opened, 'resumed'), cutOff: memberOf(opened, 'cutOff') }
}

async function expectEachOnce(journal: string, targets: readonly string[]): Promise<void> {
  const text = await readFile(journal, 'utf8')
  expect(text.endsWith('\n')).toBe(true)
  expect([...(await targetsIn(journal))].sort()).toEqual([...targets].sort())
}

function writtenBy({ facts }: Program): readonly string[] {
  return facts.flatMap((fact) => {
    const target = memberOf(fact, 'written')
    return typeof target === 'string' ? [target] : []
  })
}

/** The targets of the whole lines; the last line may be torn. */
async function targetsIn(journal: string): Promise<readonly string[]> {
  const text = await readFile(journal, 'utf8').catch(() => '')
  const [, ...lines] = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const result: unknown = JSON.parse(line)
      return String(memberOf(result, 'target'))
    })
}
