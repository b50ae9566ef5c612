// Native code of somebody else's (foreign-ssl.c) makes SSLs in this thread and in threads of its own.
import { closeOne } from './in-main.mjs'
import { nativeUrl, packageUrl, say, sleep } from './support.mjs'

await import(packageUrl)
const { trackingCounts } = await import(nativeUrl)
try {
  process.dlopen({ exports: {} }, process.argv[2])
} catch (error) {
  // It is no addon: its constructor has run, that is all it is for.
  if (!/self-register/.test(error.message)) throw error
}
const tracked = trackingCounts().live
const verdicts = {}
for (let i = 0; i < 60; i++) {
  const verdict = await closeOne()
  verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
}
say({ tracked, verdicts })
// Its threads free what was made here. What is never freed is a hang, which the test ends.
while (trackingCounts().live > 0) await sleep(5)
say({ live: trackingCounts().live })
