// Fetches a response whose server ends TCP without an alert, and reads it late and slowly.
// Arguments, as JSON: undici (the package's name), port, policy (whether there is one), wait and pause, both in ms.
import { closingConnect } from '../../../../dist/lib/index.js'
import { say, sleep } from './support.mjs'

const { undici, port, policy, wait, pause } = JSON.parse(process.argv[2])
const { Agent, setGlobalDispatcher } = await import(undici)
const tls = { rejectUnauthorized: false }
const agent = new Agent({ connect: policy ? closingConnect({ onTruncation: 'error' })(tls) : tls })
setGlobalDispatcher(agent)

let bytes = 0
const outcome = { passed: false }
try {
  const response = await fetch(`https://127.0.0.1:${port}/`)
  await sleep(wait)
  for await (const chunk of response.body) {
    bytes += chunk.length
    await sleep(pause)
  }
  outcome.passed = true
} catch (error) {
  outcome.error = error.cause?.code ?? error.message
}
say({ bytes, ...outcome })
await agent.destroy()
