// WHAT AT…: the heap, after a collection, at each of these counts. `campaign`: of targets that were run, each of them quick, with
// a journal in the file JOURNAL; `hosts`: of lines that were read. The list is made as it is read.
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCampaign } from '../../../../dist/lib/lab/campaign/campaign.js'
import { hostsOf, targetsOf } from '../../../../dist/lib/lab/campaign/hosts.js'
import { openJournal } from '../../../../dist/lib/lab/campaign/journal.js'

const [what, ...counts] = process.argv.slice(2)
const at = counts.map(Number)
const last = at.at(-1)
let done = 0

function countOne() {
  done += 1
  if (!at.includes(done)) return
  globalThis.gc()
  const { heapUsed } = process.memoryUsage()
  writeSync(1, `${JSON.stringify({ done, heapUsed })}\n`)
}

async function* list() {
  for (let rank = 1; rank <= last; ) {
    let lines = ''
    for (const end = Math.min(last, rank + 999); rank <= end; rank++) lines += `${rank},host-${rank}.example\n`
    yield Buffer.from(lines)
  }
}

if (what === 'hosts') {
  for await (const line of hostsOf(list())) {
    if (line.kind === 'target') countOne()
  }
} else {
  const journal = await openJournal(process.env.JOURNAL, { kind: 'test', settings: {} })
  await runCampaign({
    targets: targetsOf(hostsOf(list()), () => {}),
    // Some settle at once, some later.
    run: async (target) => {
      if (target.includes('7')) await sleep(0)
      return { target }
    },
    failed: (target) => ({ target }),
    concurrency: 200,
    timeout: 60_000,
    signal: new AbortController().signal,
    journal,
    onResult: countOne,
    onProgress: () => {},
  })
  await journal.close()
}
