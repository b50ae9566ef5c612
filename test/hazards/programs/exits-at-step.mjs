// Ends the process when a closing has come to the given step.
import { closingAt } from './steps.mjs'
import { say } from './support.mjs'

const [step, how, port] = process.argv.slice(2)
const client = await closingAt(step, Number(port))
say({ step })
process.on('exit', (code) => say({ exit: code }))
switch (how) {
  case 'process.exit()':
    process.exit(5)
    break
  case 'an uncaught exception':
    setImmediate(() => {
      throw new Error('on purpose')
    })
    break
  case 'running out of work':
    // Only the socket may keep the process, no timer of the closing.
    client.unref()
}
