/**
 * One writer of a file at a time: a lock beside it, FILE.lock, that names the process that holds it. A process that was
 * killed leaves its lock behind, and the next one takes it over.
 *
 * Node has no flock(2). The packages that replace it (proper-lockfile) renew the time stamp of a lock and hold one that is old for
 * abandoned: the lock of a killed process stands in the way for some time, and a process that was stopped for so long, by Ctrl-Z or a
 * sleeping laptop, loses its own without noticing. Here a lock is abandoned when its process is gone.
 *
 * How it is taken: the lock is linked into place, with its content, which fails where there is one. Of a dead holder's lock,
 * the right to replace it is a lock by itself, whose name has the dead holder's token, so that of many processes one gets it; it
 * looks once more that the dead lock is still there, and renames its own over it. Where it dies in between, the same is done about
 * its claim.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import process from 'node:process'
import { ClosureError } from '../../errors.js'

export interface Lock {
  /** Removes it. A second call does nothing. */
  release(): Promise<void>
}

interface Holder {
  readonly pid: number
  /** When it was started, as /proc tells it, since process numbers are used again. Empty without /proc. */
  readonly started: string
  readonly host: string
  /** Of this lock alone. */
  readonly token: string
}

/**
 * Takes the lock of a file, without waiting. Rejects with a ClosureError ERR_LAB_JOURNAL_IN_USE where a process that is
 * running has it, or may have it because it is another machine's; and with the system's error where the folder cannot
 * be written.
 */
export async function lockFile(file: string): Promise<Lock> {
  const path = `${file}.lock`
  const own: Holder = { pid: process.pid, started: startOf(process.pid), host: os.hostname(), token: randomUUID() }
  await take(path, own, file)
  return {
    async release() {
      if ((await holderOf(path))?.token === own.token) await rm(path, { force: true })
    },
  }
}

async function take(path: string, own: Holder, file: string): Promise<void> {
  while (!(await placeIfFree(path, own))) {
    const holder = await holderOf(path)
    if (holder === undefined) continue
    if (mayBeRunning(holder)) throw inUse(file, holder)
    const claim = `${path}.${holder.token}`
    await take(claim, own, file)
    if ((await holderOf(path))?.token === holder.token) {
      await rename(claim, path)
      return
    }
    // Another process had the claim before, has the lock by now, and so may have gone already.
    await rm(claim, { force: true })
  }
}

/** A link, because a file that is opened and then written could be seen, and left behind, without its content. */
async function placeIfFree(path: string, own: Holder): Promise<boolean> {
  const draft = `${path}.new-${own.token}`
  await writeFile(draft, JSON.stringify(own), { flag: 'wx' })
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    if (!linkless.includes(String(codeOf(error)))) throw error
  } finally {
    await rm(draft, { force: true })
  }
  return await placeWithoutLink(path, own)
}

/** File systems without hard links (FAT, some of networks and of FUSE) say so in one of these ways: link(2). */
const linkless: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']

/** Whoever dies before the content is written leaves a lock that names nobody, and is for people to remove. */
async function placeWithoutLink(path: string, own: Holder): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(own), { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Nothing where there is no lock, and an empty token where it is none of ours. */
async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    const holder: unknown = JSON.parse(await readFile(path, 'utf8'))
    return isHolder(holder) ? holder : unknownHolder
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    if (error instanceof SyntaxError) return unknownHolder
    throw error
  }
}

const unknownHolder: Holder = { pid: 0, started: '', host: '', token: '' }

function isHolder(value: unknown): value is Holder {
  if (typeof value !== 'object' || value === null) return false
  const pid: unknown = Reflect.get(value, 'pid')
  const token: unknown = Reflect.get(value, 'token')
  const texts: readonly unknown[] = [Reflect.get(value, 'started'), Reflect.get(value, 'host')]
  // The token becomes part of a path.
  const isToken = typeof token === 'string' && /^[\da-f-]{36}$/.test(token)
  return isToken && Number.isSafeInteger(pid) && Number(pid) > 0 && texts.every((text) => typeof text === 'string')
}

function mayBeRunning({ pid, started, host, token }: Holder): boolean {
  if (token === '' || host !== os.hostname()) return true
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it is there, and another user's, of which /proc may not tell.
    return codeOf(error) !== 'ESRCH'
  }
  return startOf(pid) === started
}

/**
 * When a process was started, in ticks since the machine was: field 22 of proc_pid_stat(5). Empty where there is no /proc,
 * or where the process has ended and only its parent has not noticed.
 */
function startOf(pid: number): string {
  const [state = '', ...fields] = statOf(pid).split(' ')
  return state === 'Z' || state === 'X' ? '' : (fields[18] ?? '')
}

/** From the third field on: the second one, the name, may have spaces and parentheses. */
function statOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2)
  } catch {
    return ''
  }
}

function inUse(file: string, { pid, host, token }: Holder): ClosureError {
  const holder =
    token === '' ? 'a process that it does not name' : `process ${pid}${host === os.hostname() ? '' : ` of ${host}`}`
  const advice = `where that does not run any more, remove ${file}.lock`
  return new ClosureError(
    'ERR_LAB_JOURNAL_IN_USE',
    `Expected nobody to write ${file}, received a lock of ${holder}: ${advice}`,
  )
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}
