// FILE LOG TIMES: takes the lock of FILE so many times, each time as soon as it is free, and writes `in` and `out` into LOG
// while it has it. The last time it dies with the lock, by kill -9. With LOG `-` it takes the lock once, says so, and stays.
import { appendFileSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockFile } from '../../../../dist/lib/lab/campaign/lock.js'

const [file, log, times] = process.argv.slice(2)

if (log === '-') {
  await lockFile(file)
  writeSync(1, `${JSON.stringify({ locked: process.pid })}\n`)
  setInterval(() => {}, 60_000)
} else {
  for (let turn = 1; turn <= Number(times); turn++) {
    const lock = await lockWhenFree()
    appendFileSync(log, `in ${process.pid}\n`)
    await sleep(1)
    appendFileSync(log, `out ${process.pid}\n`)
    if (turn === Number(times)) process.kill(process.pid, 'SIGKILL')
    await lock.release()
  }
}

async function lockWhenFree() {
  for (;;) {
    try {
      return await lockFile(file)
    } catch (error) {
      if (error.code !== 'ERR_LAB_JOURNAL_IN_USE') throw error
      await sleep(Math.random() * 3)
    }
  }
}
