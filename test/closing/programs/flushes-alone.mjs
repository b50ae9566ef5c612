// The step that flushes, in a process that has nothing else: a socket that is not read keeps none alive, and what TLS has to
// give it comes a few turns later.
import { writeSync } from 'node:fs'

const { flushOutput } = await import(new URL('../../../dist/lib/closing/steps.js', import.meta.url).href)
let looks = 0
const side = { flush: () => (++looks < 5 ? 'pending' : 'taken') }
flushOutput(side, { isOver: () => false }, (isFlushed) => void writeSync(1, JSON.stringify({ isFlushed, looks })))
