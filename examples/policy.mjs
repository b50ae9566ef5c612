// A server that somebody else wrote, unchanged, under a policy: one line, and its connections close in both directions, each
// with a report, a response that is cut is counted, and the server stops within its budgets.
//
//     node examples/policy.mjs
import { once } from 'node:events'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { controlClosure } from 'close-notify'
import { makeCertificate } from './support/certificate.mjs'
import { portOf, summaryOf } from './support/wire.mjs'

const { key, cert } = await makeCertificate()

// --- The application ---

const app = https.createServer({ key, cert }, (request, response) => {
  response.end(`you asked for ${request.url}`)
})

// --- Its closing ---

const control = controlClosure(app, { mode: 'bidirectional', waitTimeout: 1000, onDestroy: 'close_notify' })
control.on('closure', (report) => console.log(`server: ${summaryOf(report)}`))

app.listen(0, 'localhost')
await once(app, 'listening')

/** @param {https.Agent | false} agent @returns {Promise<void>} */
async function get(agent) {
  const options = { port: portOf(app), host: 'localhost', path: '/page', ca: cert, agent }
  /** @type {import('node:http').IncomingMessage} */
  const response = await new Promise((resolve, reject) => https.get(options, resolve).once('error', reject))
  console.log(`client: ${await text(response)}`)
}

// `Connection: close`: the server ends the connection behind its response.
const first = once(control, 'closure')
await get(false)
await first

// A connection that is kept open, until the server stops: by close_notify there, too.
const agent = new https.Agent({ keepAlive: true })
await get(agent)
const last = once(control, 'closure')
app.close()
await last
