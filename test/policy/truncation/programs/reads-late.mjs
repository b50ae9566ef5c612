// Fetches a response, and reads it slowly, from when the peer's FIN has come.
// Arguments, as JSON: undici ('undici' or 'undici8'), port, policy (whether there is one), pause (ms).
import { readFileSync } from 'node:fs'
import { closingConnect } from '../../../../dist/lib/index.js'
import { say, sleep } from './support.mjs'
import { load } from './load-undici.mjs'

const { undici, port, policy, pause } = JSON.parse(process.argv[2])
const { Agent, setGlobalDispatcher } = await load(undici)
const tls = { rejectUnauthorized: false }
const agent = new Agent({ connect: policy ? closingConnect({ onTruncation: 'error' })(tls) : tls })
setGlobalDispatcher(agent)

let bytes = 0
const outcome = { passed: false }
try {
  const response = await fetch(`https://127.0.0.1:${port}/`)
  await finFrom(port)
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

/** Returns once a connection to this port is in CLOSE_WAIT: the peer's FIN, and so all before it, is in the kernel. */
async function finFrom(port) {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const closeWait = '08'
  const isIt = (line) => {
    const [, , to, state] = line.trim().split(/\s+/)
    return to?.endsWith(remote) && state === closeWait
  }
  for (;;) {
    if (readFileSync('/proc/self/net/tcp', 'utf8').split('\n').some(isIt)) return
    await sleep(5)
  }
}
