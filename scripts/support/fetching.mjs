// The common part of the scripts that fetch: programs that end with us, and folders that are whole or not there.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** EX_TEMPFAIL of sysexits.h: something could not be had, which says nothing about this package. */
export const fetchFailed = 75

const interrupted = new AbortController()
const exitCodes = { SIGINT: 130, SIGTERM: 143 }

/**
 * From here on Ctrl-C ends the program that runs, whose caller then cleans up as after any failure, and no further one
 * starts.
 */
export function stopOnSignal() {
  for (const [signal, code] of Object.entries(exitCodes)) {
    process.once(signal, () => {
      process.exitCode = code
      interrupted.abort(new Error(`ended by ${signal}`))
    })
  }
}

export function stopped() {
  return interrupted.signal.aborted
}

export async function run(command, args, options = {}) {
  interrupted.signal.throwIfAborted()
  const running = promisify(execFile)(command, args, {
    maxBuffer: 64 * 1024 * 1024,
    timeout: 5 * 60_000,
    signal: interrupted.signal,
    ...options,
  })
  const closed = new Promise((resolve) => running.child.once('close', resolve))
  running.child.stdin.end()
  try {
    return (await running).stdout
  } catch (error) {
    // An aborted program is not gone at once, and may still write.
    await closed
    throw error
  }
}

/** Fills a folder aside and moves it in one step, so that a folder that is there is whole. Replaces an older one. */
export async function fillFolder(folder, fill) {
  const parent = dirname(folder)
  mkdirSync(parent, { recursive: true })
  const aside = mkdtempSync(join(parent, `.fetching-${process.pid}-`))
  try {
    const filled = join(aside, basename(folder))
    mkdirSync(filled)
    const result = await fill(filled, aside)
    interrupted.signal.throwIfAborted()
    move(folder, join(aside, 'replaced'), 'ENOENT')
    // Another process may have been faster: what it put there is as good.
    move(filled, folder, 'ENOTEMPTY')
    return result
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

function move(from, to, harmless) {
  try {
    renameSync(from, to)
  } catch (error) {
    if (error.code !== harmless) throw error
  }
}

/** The path of the one thing in a folder whose name the pattern fits. */
export function onlyIn(folder, pattern) {
  const names = readdirSync(folder).filter((name) => pattern.test(name))
  if (names.length !== 1) throw new Error(`expected one ${pattern} in ${folder}, found ${names.length}`)
  return join(folder, names[0])
}

/** Removes what a process left behind that had no time to clean up. */
export function removeLeftovers(parent) {
  mkdirSync(parent, { recursive: true })
  for (const name of readdirSync(parent)) {
    const pid = /^\.fetching-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(parent, name), { recursive: true, force: true })
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Why a program failed, as it said itself. */
export function reasonOf(error) {
  const said = typeof error.stderr === 'string' ? error.stderr.trim() : ''
  return said === '' ? error.message.trim() : said
}
