// LIST JOURNAL MS: a campaign over the hosts of a file, ten at a time, where each takes MS. Prints that it has opened the
// journal, each target whose result is written, and how it ended. Ends by Ctrl-C as the program close-notify does.
import { createReadStream, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { interruptible } from '../../../../dist/lib/cli/interruption.js'
import { runCampaign } from '../../../../dist/lib/lab/campaign/campaign.js'
import { hostsOf, targetsOf } from '../../../../dist/lib/lab/campaign/hosts.js'
import { openJournal } from '../../../../dist/lib/lab/campaign/journal.js'

const [list, file, ms] = process.argv.slice(2)
const say = (fact) => writeSync(1, `${JSON.stringify(fact)}\n`)
// Lines that are long enough to be torn.
const note = 'x'.repeat(1500)

const journal = await openJournal(file, { kind: 'test', settings: { note: note.length } })
say({ resumed: journal.resumed, cutOff: journal.cutOff })
try {
  const outcome = await interruptible((signal) =>
    runCampaign({
      targets: targetsOf(hostsOf(createReadStream(list)), () => {}),
      run: async (target, runSignal) => {
        await sleep(Number(ms), undefined, { signal: runSignal })
        return { target, note }
      },
      failed: (target, reason) => ({ target, failed: reason.kind }),
      concurrency: 10,
      timeout: 60_000,
      signal,
      journal,
      onResult: ({ target }) => say({ written: target }),
    }),
  )
  say({ outcome })
} catch (error) {
  say({ error: error.code })
} finally {
  await journal.close()
}
