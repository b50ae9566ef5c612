// What the programs of the round have in common. Each does its work in steps and prints what each of them gave, the same in
// every way in which it is started: stock, under the policy of its process, and by what docs/frameworks.md says.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'

/** The package, where the program is to lay the policy on itself. */
const given = process.env.DRIVERS_POLICY
export const ours = given === undefined ? undefined : await import('close-notify')
export const policy = given === undefined ? undefined : JSON.parse(given)

/** The server that the round has started. Its certificate is trusted: NODE_EXTRA_CA_CERTS. */
export const port = Number(process.env.PEER_PORT)
export const host = 'localhost'
export const keys = { key: readFileSync(process.env.KEY_FILE), cert: readFileSync(process.env.CERT_FILE) }
export const ca = keys.cert

// A hang guard: no program takes seconds, but one of many connections.
const longest = process.env.DRIVERS_CONNECTIONS === undefined ? 20_000 : 120_000
setTimeout(() => {
  process.stderr.write('the program hangs\n')
  process.exit(99)
}, longest).unref()

/** Prints what a step gave, or the code of its error, or the message of one without. */
export async function step(name, work) {
  const got = await Promise.resolve()
    .then(work)
    .catch((error) => ({ error: codeOf(error) }))
  process.stdout.write(`${JSON.stringify({ step: name, got: got ?? 'done' })}\n`)
}

// Libraries put an error of theirs around that of the socket.
export function codeOf(error) {
  const codes = []
  for (let each = error; each instanceof Error && codes.length < 4; each = each.cause) {
    codes.push(String(each.code ?? each.message))
  }
  return [...new Set(codes)].join(', cause ')
}

/** Listens on a port of its own. */
export async function listen(server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}

/** A client in a process of its own, which knows of no policy; resolves with the values that it printed, one a line. */
export async function stockClient(name, ...args) {
  const { NODE_OPTIONS: _options, CLOSE_NOTIFY_POLICY: _policy, DRIVERS_POLICY: _given, ...env } = process.env
  const program = path.join(import.meta.dirname, 'clients', name)
  const child = spawn(process.execPath, [program, ...args.map(String)], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${name} ended with ${code}`)
  return lines
}
