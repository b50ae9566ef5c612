// Fetches a response from each host, and prints what came of it: { host, body, passed, error }.
// Arguments, as JSON: undici ('undici' or 'undici8'), port, hosts, reader, allowH2, connector: 'ours', 'theirs' or 'stock'.
import { closingConnect } from '../../../../dist/lib/index.js'
import { lookup, say } from './support.mjs'
import { load } from './load-undici.mjs'

const { undici, port, hosts, reader, allowH2, connector } = JSON.parse(process.argv[2])
const { Agent, buildConnector, request, setGlobalDispatcher, fetch: undiciFetch } = await load(undici)

const tls = { rejectUnauthorized: false, lookup }
const connecting = closingConnect({ onTruncation: 'error' })
const connect = {
  ours: () => connecting({ ...tls, ...(allowH2 && { ALPNProtocols: ['h2', 'http/1.1'] }) }),
  theirs: () => connecting(buildConnector({ ...tls, allowH2 })),
  stock: () => tls,
}[connector]()
const agent = new Agent({ connect, allowH2 })
// Not the option `dispatcher`: an Agent of undici 8 is none to the global fetch of Node 22 and 24, here it is wrapped.
setGlobalDispatcher(agent)

// The global fetch of Node 22 and 24 speaks no HTTP/2 through an Agent of undici 8, which its wrapper forbids: with stock
// options of the Agent it fails as well.
const fetch = allowH2 && undici === 'undici8' ? undiciFetch : globalThis.fetch

const readers = {
  'text()': async (url, outcome) => {
    outcome.body = await (await fetch(url)).text()
  },
  'the body stream': async (url, outcome) => {
    const response = await fetch(url)
    const decoder = new TextDecoder()
    for await (const chunk of response.body) outcome.body += decoder.decode(chunk)
  },
  "undici's fetch": async (url, outcome) => {
    outcome.body = await (await undiciFetch(url)).text()
  },
  "undici's request": async (url, outcome) => {
    const { body } = await request(url)
    for await (const chunk of body) outcome.body += chunk
  },
}

async function outcomeOf(host) {
  const outcome = { host, body: '', passed: false, ended: false }
  try {
    await readers[reader](`https://${host}:${port}/`, outcome)
    outcome.passed = true
  } catch (error) {
    // fetch's TypeError has no code
    outcome.error = error.code ?? error.cause?.code ?? error.message
  }
  return outcome
}

const waiting = [...hosts]
async function worker() {
  for (let host = waiting.pop(); host !== undefined; host = waiting.pop()) say(await outcomeOf(host))
}
await Promise.all(Array.from({ length: 32 }, worker))
await agent.destroy()
