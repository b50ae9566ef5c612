/**
 * The process of one build: loads it, runs what it is ordered to, and reports each result before it begins the next, so
 * that a crash has a known place. Started by build-run.ts, perhaps under a loader of the build's own, where
 * `process.execPath` is that loader: nothing here may rely on it.
 */
import { ClosureError } from '../../errors.js'
import { loadOpenSSL } from '../../openssl/index.js'
import type { OpenSSL } from '../../openssl/index.js'
import type { Credentials } from '../credentials.js'
import { runScenario } from '../scenarios/run.js'
import type { ScenarioResult } from './comparison.js'
import { isOrder } from './messages.js'
import type { Order, Report, Run } from './messages.js'

// Ctrl-C reaches the whole process group; whoever started us decides when we go.
process.on('SIGINT', () => {})
process.once('message', (message) => {
  if (!isOrder(message)) throw new Error('Expected an order of what to run')
  // Ends by itself, through the exit handlers of the library: what goes wrong there shows too.
  void carryOut(message).then(() => process.disconnect())
})

async function carryOut(order: Order): Promise<void> {
  const openssl = await load(order)
  if (openssl === undefined) return
  for (const run of order.runs) await report({ type: 'result', result: resultOf(openssl, run, order.credentials) })
}

async function load({ libssl, libcrypto }: Order): Promise<OpenSSL | undefined> {
  try {
    const openssl =
      libssl === undefined ? loadOpenSSL() : loadOpenSSL(libssl, libcrypto === undefined ? {} : { crypto: libcrypto })
    const { kind, version, versionNumber, lacking } = openssl
    await report({ type: 'loaded', kind, version, versionNumber, lacking })
    return openssl
  } catch (error) {
    await report({ type: 'not-loaded', ...described(error) })
    return undefined
  }
}

function resultOf(openssl: OpenSSL, { scenario, tls }: Run, credentials: Credentials): ScenarioResult {
  try {
    const { scenario: _name, tls: _tls, ...result } = runScenario(openssl, scenario, tls, credentials)
    return result
  } catch (error) {
    return { kind: 'failed', ...described(error) }
  }
}

function described(error: unknown): { readonly code?: string; readonly message: string } {
  if (!(error instanceof ClosureError)) return { message: error instanceof Error ? error.message : String(error) }
  return { code: error.code, message: [error.message, ...error.detail].join('; ') }
}

/** Resolves when the message has left this process. Where nobody is there any more it rejects, which ends the process. */
function report(message: Report): Promise<void> {
  return new Promise((resolve, reject) => {
    if (process.send === undefined) throw new Error('Expected to be started with an IPC channel')
    process.send(message, undefined, undefined, (error) => (error === null ? resolve() : reject(error)))
  })
}
