// Shared by the programs of this folder: node PROGRAM.mjs SCENARIO [POLICY]. Without a policy nothing of the package is
// loaded: that is stock Node. A program does one scenario, prints what it saw as one line of JSON and ends by itself.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import https from 'node:https'

const [, , name, policyText] = process.argv
const policy = policyText === undefined ? undefined : JSON.parse(policyText)
const library = policy === undefined ? undefined : await import('../../../../dist/lib/index.js')

const certificates = new URL('../../../../.cache/certificates/', import.meta.url)
export const key = readFileSync(new URL('localhost.key.pem', certificates), 'utf8')
export const cert = readFileSync(new URL('localhost.cert.pem', certificates), 'utf8')

/** Options for a TLS client of the relay. */
export const trust = { host: '127.0.0.1', servername: 'localhost', ca: cert }

const verdicts = []

/** Puts the policy, if there is one, on a server, an agent or a socket. */
export function control(target) {
  library?.controlClosure(target, policy).on('closure', (report) => verdicts.push(report.verdict))
}

/** The port of a relay that records what passes between it and this port. */
export async function relayed(port) {
  process.send({ relay: port })
  const [answer] = await once(process, 'message')
  return answer.port
}

/** Listens on 127.0.0.1; gives the port. */
export async function listen(server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** One request, read to its end. Never rejects. */
export function get(port, options = {}) {
  return new Promise((resolve) => {
    const request = https.get({ ...trust, port, path: '/', ...options }, (response) => {
      const seen = { status: response.statusCode, bytes: 0, ended: false }
      response.on('data', (data) => (seen.bytes += data.length))
      response.on('end', () => (seen.ended = true))
      response.on('error', (error) => (seen.error = error.code))
      response.on('close', () => resolve(seen))
    })
    request.on('error', (error) => resolve({ error: error.code }))
  })
}

/** Resolves when an agent has no socket left. */
export async function emptied(agent) {
  while (Object.keys({ ...agent.sockets, ...agent.freeSockets }).length > 0) await sleep(10)
}

/** Resolves when a server has no connection left. Only then close() finds none to destroy. */
export async function drained(server) {
  const count = () => new Promise((resolve) => server.getConnections((_error, connections) => resolve(connections)))
  while ((await count()) > 0) await sleep(10)
}

/** Runs the scenario that was asked for; what it gives is printed when nothing is left to do. */
export async function run(scenarios) {
  let facts
  process.once('exit', (code) => {
    if (code === 0) console.log(JSON.stringify({ facts: facts ?? 'the program ended before its scenario', verdicts }))
  })
  facts = await scenarios[name]()
}
