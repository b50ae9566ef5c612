// Looks at this process, and prints each check as a line of JSON. In a process of its own: what is wrong may end it.
import process from 'node:process'
import { examine } from './examine.js'
import { thisRuntime } from './runtime.js'

await examine(thisRuntime(), (check) => void process.stdout.write(`${JSON.stringify(check)}\n`))
// Whatever a check that failed may have left open.
process.stdout.write(`${JSON.stringify({ done: true })}\n`, () => process.exit())
