import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { journalTo, openJournal } from '../../../lib/lab/campaign/journal.js'
import type { Journal, TargetResult } from '../../../lib/lab/campaign/journal.js'
import { all, temporaryFolder, textWith } from './support.js'

interface Result extends TargetResult {
  readonly note: string
}

const header = { kind: 'close-notify-probe', settings: { timeout: 5000, versions: ['TLSv1.2', 'TLSv1.3'] } }
const headerLine = `${JSON.stringify({ format: 1, ...header })}\n`
const result = (target: string, note = ''): Result => ({ target, note })
const lineOf = (target: string, note = ''): string => `${JSON.stringify(result(target, note))}\n`

const newFile = async (content?: string | Buffer): Promise<string> => {
  const file = path.join(await temporaryFolder(), 'journal.ndjson')
  if (content !== undefined) await writeFile(file, content)
  return file
}

async function appendAll(journal: Journal<Result>, results: readonly Result[]): Promise<void> {
  await Promise.all(results.map((one) => journal.append(one)))
}

describe('a journal', () => {
  test('is a header and a line for each result, in the order in which they came', async () => {
    const file = await newFile()
    const journal = await openJournal<Result>(file, header)
    await journal.append(result('a.example', 'first\nof two'))
    expect(await readFile(file, 'utf8')).toBe(headerLine + lineOf('a.example', 'first\nof two'))
    await appendAll(journal, [result('b.example'), result('c.example'), result('d.example')])
    const lines = ['a.example', 'b.example', 'c.example', 'd.example']
    expect((await readFile(file, 'utf8')).trimEnd().split('\n').slice(1).map(targetIn)).toEqual(lines)
    await journal.close()
  })

  test('has the whole line when it says so', async () => {
    const file = await newFile()
    const journal = await openJournal<Result>(file, header)
    // So long that it is on its way for a while.
    const note = 'x'.repeat(8_000_000)
    await journal.append(result('a.example', note))
    expect(statSync(file).size).toBe(headerLine.length + lineOf('a.example', note).length)
    await journal.close()
  })

  test('knows what it has when it is opened again', async () => {
    const file = await newFile(headerLine + lineOf('a.example:443') + lineOf('b.example'))
    const journal = await openJournal<Result>(file, header)
    expect({ resumed: journal.resumed, cutOff: journal.cutOff }).toEqual({ resumed: 2, cutOff: 0 })
    const names = ['a.example:443', 'A.Example.:443', 'b.example', 'a.example', 'c.example']
    expect(names.filter((name) => journal.has(name))).toEqual(names.slice(0, 3))
    await journal.append(result('c.example'))
    expect(journal.has('c.example')).toBe(true)
    await journal.close()
    expect(await readFile(file, 'utf8')).toBe(
      headerLine + lineOf('a.example:443') + lineOf('b.example') + lineOf('c.example'),
    )
  })

  test('tells of each result that it has, when it is opened again', async () => {
    const resumed: object[] = []
    const file = await newFile(headerLine + lineOf('a.example', 'one') + lineOf('b.example').trimEnd())
    const journal = await openJournal<Result>(file, header, (each) => void resumed.push(each))
    await journal.close()
    expect(resumed).toEqual([result('a.example', 'one'), result('b.example')])
  })

  test('takes no second result of a target', async () => {
    const file = await newFile(headerLine + lineOf('a.example'))
    const journal = await openJournal<Result>(file, header)
    const refusal = { code: 'ERR_CLOSURE_INVALID_ARGUMENT', message: textWith("received 'A.example'") }
    await expect(journal.append(result('A.example'))).rejects.toMatchObject(refusal)
    await journal.close()
    expect(await readFile(file, 'utf8')).toBe(headerLine + lineOf('a.example'))
  })

  test('takes no line that it could not read again', async () => {
    const journal = await openJournal<Result>(await newFile(), header)
    await expect(journal.append(result('a.example', 'x'.repeat(2 ** 24)))).rejects.toThrow('at most 16777216 bytes')
    expect(journal.has('a.example')).toBe(false)
    await journal.close()
  })

  test('takes nothing behind a line that could not be written whole', async () => {
    const file = await newFile(headerLine + lineOf('a.example'))
    const journal = await openJournal<Result>(file, header)
    // A file may have so many bytes, from now on, and a write that goes beyond is cut there.
    const limitFiles = (bytes: number | string) =>
      execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`])
    const failure = { code: 'EFBIG' }
    limitFiles(1000)
    onTestFinished(() => void limitFiles('unlimited'))
    const appended = await Promise.allSettled([
      journal.append(result('b.example', 'x'.repeat(2000))),
      journal.append(result('c.example')),
    ])
    limitFiles('unlimited')
    expect(appended).toMatchObject([
      { status: 'rejected', reason: failure },
      { status: 'rejected', reason: failure },
    ])
    await expect(journal.append(result('d.example'))).rejects.toMatchObject(failure)
    await journal.close()
    expect(statSync(file).size).toBe(1000)
    const next = await openJournal<Result>(file, header)
    expect(next.resumed).toBe(1)
    await next.close()
    expect(await readFile(file, 'utf8')).toBe(headerLine + lineOf('a.example'))
  })

  test('writes what it was given before close(), and takes nothing after it', async () => {
    const file = await newFile()
    const journal = await openJournal<Result>(file, header)
    const appended = appendAll(journal, [result('a.example'), result('b.example')])
    await Promise.all([journal.close(), journal.close(), appended])
    expect(await readFile(file, 'utf8')).toBe(headerLine + lineOf('a.example') + lineOf('b.example'))
    await expect(journal.append(result('c.example'))).rejects.toThrow('Expected one that is open for journal')
  })

  test('is written by one at a time', async () => {
    const folder = await temporaryFolder()
    const file = path.join(folder, 'journal.ndjson')
    const journal = await openJournal<Result>(file, header)
    const sameFile = path.join(await temporaryFolder(), 'link')
    await symlink(file, sameFile)
    await expect(openJournal(file, header)).rejects.toMatchObject({ code: 'ERR_LAB_JOURNAL_IN_USE' })
    await expect(openJournal(sameFile, header)).rejects.toMatchObject({ code: 'ERR_LAB_JOURNAL_IN_USE' })
    await journal.close()
    const byLink = await openJournal<Result>(sameFile, header)
    await expect(openJournal(file, header)).rejects.toMatchObject({ code: 'ERR_LAB_JOURNAL_IN_USE' })
    await byLink.close()
    expect(await readdir(folder)).toEqual(['journal.ndjson'])
  })
})

describe('a journal is opened again', () => {
  const results = ['a.example', 'b.example', 'c.example'].map((target) => result(target, 'a \u00e9, a \u{1f600}'))
  const whole = Buffer.from(headerLine + results.map(({ target, note }) => lineOf(target, note)).join(''))
  const headerLength = Buffer.byteLength(headerLine)

  test('wherever it was cut, and has each result once in the end', async () => {
    for (let cut = 0; cut <= whole.length; cut++) {
      const file = await newFile(whole.subarray(0, cut))
      const journal = await openJournal<Result>(file, header)
      const kept = results.filter(({ target }) => journal.has(target))
      expect(journal.resumed, `cut at ${cut}`).toBe(kept.length)
      expect(kept, `cut at ${cut}`).toEqual(results.slice(0, kept.length))
      await appendAll(journal, results.slice(kept.length))
      await journal.close()
      expect(await readFile(file, 'utf8'), `cut at ${cut}`).toBe(whole.toString())
    }
  })

  test('with its last result where that lacks the newline alone', async () => {
    const journal = await openJournal<Result>(await newFile(whole.subarray(0, -1)), header)
    expect({ resumed: journal.resumed, cutOff: journal.cutOff }).toEqual({ resumed: 3, cutOff: 0 })
    await journal.close()
  })

  test('without its last result where that is torn', async () => {
    const journal = await openJournal<Result>(await newFile(whole.subarray(0, -2)), header)
    const lineLength = (whole.length - headerLength) / 3
    expect({ resumed: journal.resumed, cutOff: journal.cutOff }).toEqual({ resumed: 2, cutOff: lineLength - 2 })
    await journal.close()
  })

  test('with settings in another order, and with ones that JSON has not', async () => {
    const file = await newFile(whole)
    const { timeout, versions } = header.settings
    const journal = await openJournal(file, { ...header, settings: { versions, timeout, alpn: undefined } })
    expect(journal.resumed).toBe(3)
    await journal.close()
    expect(await readFile(file)).toEqual(whole)
  })

  test('whatever its results are, and wherever it was cut', async () => {
    const anyResults = fc.uniqueArray(
      fc.record({ target: fc.string({ unit: 'binary', maxLength: 12 }), note: fc.string({ unit: 'binary' }) }),
      { selector: ({ target }) => target, comparator: 'SameValueZero', maxLength: 8 },
    )
    await fc.assert(
      fc.asyncProperty(anyResults, fc.double({ min: 0, max: 1, noNaN: true }), async (given, share) => {
        const file = await newFile()
        const first = await openJournal<Result>(file, header)
        // Targets that differ in the writing alone are one target.
        const own = given.filter((one) => !first.has(one.target) && taken(first.append(one)))
        await first.close()
        const before = await readFile(file)
        await writeFile(file, before.subarray(0, Math.round(share * before.length)))
        const second = await openJournal<Result>(file, header)
        await appendAll(
          second,
          own.filter(({ target }) => !second.has(target)),
        )
        await second.close()
        expect(await readFile(file)).toEqual(before)
      }),
      { numRuns: 40 },
    )
  })
})

describe('a file is refused, and left as it is,', () => {
  const refused = { code: 'ERR_LAB_NOT_A_JOURNAL' }

  test.each([
    ['a text of one line', 'text', 'one whose first line is no header'],
    ['a text', 'some text\nand more\n', 'one whose first line is no header'],
    ['JSON that is no header', '{"target":"a.example"}\n', 'one whose first line is no header'],
    ['a header without settings', '{"format":1,"kind":"close-notify-probe"}\n', 'one whose first line is no header'],
    ['binary data', Buffer.from([0x1f, 0x8b, 8, 0, 10, 0xff]), 'one whose first line is no header'],
    ['zeros', Buffer.alloc(5000), 'one whose first line is no header'],
    ['another format', '{"format":2,"kind":"close-notify-probe","settings":{}}\n', 'one of format 2'],
    ['another kind', '{"format":1,"kind":"other","settings":{}}\n', 'one of kind other'],
    ['a result without a target', `${headerLine}{"note":""}\n${lineOf('a.example')}`, 'a line 2 that is no result'],
    ['a damaged line', `${headerLine}${lineOf('a.example')}{"target\n`, 'a line 3 that is no result'],
    ['an empty line', `${headerLine}\n${lineOf('a.example')}`, 'a line 2 that is no result'],
    [
      'a target twice',
      headerLine + lineOf('a.example') + lineOf('A.example'),
      'a second result of A.example in line 3',
    ],
  ])('where it is no journal: %s', async (_title, content, reason) => {
    const file = await newFile(content)
    await expect(openJournal(file, header)).rejects.toMatchObject({
      ...refused,
      message: `Expected ${file} to be a journal of close-notify-probe, received ${reason}`,
    })
    expect(await readFile(file)).toEqual(Buffer.from(content))
    expect(await readdir(path.dirname(file))).toEqual(['journal.ndjson'])
  })

  test('where it is no file', async () => {
    const folder = await temporaryFolder()
    await mkdir(path.join(folder, 'journal'))
    await expect(openJournal(path.join(folder, 'journal'), header)).rejects.toMatchObject({ code: 'EISDIR' })
    await expect(openJournal(path.join(folder, 'none', 'journal'), header)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await readdir(folder)).toEqual(['journal'])
  })

  test('where it has other settings, which are named', async () => {
    const settings = { timeout: 3000, versions: ['TLSv1.2', 'TLSv1.3'], alpn: 'h2' }
    const content = headerLine + lineOf('a.example')
    const file = await newFile(content)
    const detail = ['timeout was 5000 and is 3000', 'alpn was not set and is "h2"']
    await expect(openJournal(file, { ...header, settings })).rejects.toMatchObject({
      code: 'ERR_LAB_JOURNAL_DIFFERS',
      message: `Expected ${file} to be a journal with the same settings, received one with others: ${detail.join('; ')}`,
      detail,
    })
    expect(await readFile(file, 'utf8')).toBe(content)
    expect(await readdir(path.dirname(file))).toEqual(['journal.ndjson'])
  })
})

describe('a journal on a stream', () => {
  test('has the same lines, and knows nothing', async () => {
    const stream = new PassThrough()
    const journal = journalTo<Result>(stream, header)
    await journal.append(result('a.example'))
    await journal.append(result('b.example'))
    await journal.close()
    expect(journal.has('a.example')).toBe(false)
    expect(stream.writableEnded).toBe(false)
    stream.end()
    expect((await all(stream)).join('')).toBe(headerLine + lineOf('a.example') + lineOf('b.example'))
  })

  test('waits for its reader', async () => {
    const stream = new PassThrough({ highWaterMark: 1 })
    const journal = journalTo<Result>(stream, header)
    let isWritten = false
    const appended = journal.append(result('a.example')).then(() => {
      isWritten = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isWritten).toBe(false)
    stream.resume()
    await appended
    await journal.close()
  })

  test('rejects where its reader has gone', async () => {
    const stream = new PassThrough()
    stream.on('error', () => {})
    const journal = journalTo<Result>(stream, header)
    stream.destroy()
    await expect(journal.append(result('a.example'))).rejects.toMatchObject({ code: 'ERR_STREAM_DESTROYED' })
  })
})

function targetIn(line: string): unknown {
  const value: unknown = JSON.parse(line)
  return typeof value === 'object' && value !== null ? Reflect.get(value, 'target') : undefined
}

/** It is waited for by close(). */
function taken(appended: Promise<void>): true {
  appended.catch(() => {})
  return true
}
