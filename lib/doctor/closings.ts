/** Closings of Node's own sockets over loopback: by a call, and under a policy. */
import tls, { TLSSocket } from 'node:tls'
import { closureOf } from '../closure/closure.js'
import type { Credentials } from '../lab/credentials.js'
import { controlClosure } from '../policy/control.js'
import type { ClosureReport, Verdict } from '../report/verdict.js'
import { type Check, checked, expectIs } from './check.js'
import { type Cleanup, heard, toLocalhost, withCleanup } from './loopback.js'
import { modes, type Mode, versions } from './modes.js'

const toDo =
  'close-notify cannot be relied on here; please report it with the output of close-notify doctor --json, and take a Node of a line that was tried'

/** shutdown() in each mode. */
export async function checkLoopback(credentials: Credentials): Promise<readonly Check[]> {
  return eachMode('loopback', (version, mode) =>
    withCleanup(async (cleanup) => {
      const options = optionsFor(credentials, version)
      const { server, client } = await pair(cleanup, tls.createServer(options), options)
      const seen = closureOf(client).report
      server.resume().write('all of it')
      return judged(mode, await closureOf(server).shutdown({ mode, waitTimeout: 2000 }), await seen)
    }),
  )
}

/** end() of a program that knows nothing of it, in each mode, and a stream that is cut. */
export async function checkPolicies(credentials: Credentials): Promise<readonly Check[]> {
  const ends = await eachMode('policy', (version, mode) =>
    withCleanup(async (cleanup) => {
      const options = optionsFor(credentials, version)
      const tlsServer = tls.createServer(options)
      const control = controlClosure(tlsServer, { mode, waitTimeout: 2000 })
      cleanup.later(() => control.stop())
      const { server, client } = await pair(cleanup, tlsServer, options)
      const [ours, theirs] = [closureOf(server).report, closureOf(client).report]
      server.resume().end('all of it')
      return judged(mode, await ours, await theirs)
    }),
  )
  const about = { group: 'policy', name: "onTruncation: 'error'", toDo } as const
  const cut = await checked(about, () =>
    withCleanup(async (cleanup) => {
      const options = optionsFor(credentials, 'TLSv1.3')
      const { server, client } = await pair(cleanup, tls.createServer(options), options)
      const control = controlClosure(client, { onTruncation: 'error' })
      cleanup.later(() => control.stop())
      const failed = new Promise<unknown>((resolve) => {
        client.once('error', resolve)
        client.once('close', () => resolve('none'))
      })
      server.write('half of it', () => server.destroy())
      const error = await failed
      const code: unknown = error instanceof Error && 'code' in error ? error.code : String(error)
      expectIs('the error of a stream without close_notify', code, 'ERR_TLS_TRUNCATED')
      return 'a stream that ends without close_notify fails'
    }),
  )
  return [...ends, cut]
}

type Version = (typeof versions)[number]

async function eachMode(
  group: 'loopback' | 'policy',
  run: (version: Version, mode: Mode) => Promise<string>,
): Promise<readonly Check[]> {
  const checks: Check[] = []
  for (const version of versions) {
    for (const mode of modes) {
      checks.push(await checked({ group, name: `${mode}, ${version}`, toDo }, () => run(version, mode)))
    }
  }
  return checks
}

interface PairOptions extends Credentials {
  readonly minVersion: Version
  readonly maxVersion: Version
}

// Of both, where the process has other defaults: --tls-min-v1.3.
function optionsFor({ key, cert }: Credentials, version: Version): PairOptions {
  return { key, cert, minVersion: version, maxVersion: version }
}

/** Both ends of a connection after its handshake. */
async function pair(
  cleanup: Cleanup,
  tlsServer: tls.Server,
  { cert, minVersion, maxVersion }: PairOptions,
): Promise<{ readonly server: TLSSocket; readonly client: TLSSocket }> {
  cleanup.server(tlsServer).listen(0, '127.0.0.1')
  await heard(tlsServer, 'listening')
  const accepted = heard(tlsServer, 'secureConnection')
  const client = cleanup.stream(tls.connect({ ...toLocalhost(tlsServer), ca: cert, minVersion, maxVersion }))
  client.resume()
  const [[server]] = await Promise.all([accepted, heard(client, 'secureConnect')])
  if (server instanceof TLSSocket) return { server, client }
  throw new Error('the server gave no TLSSocket')
}

/** What the side that closes reports in each mode, and what its peer, which is stock Node, has received. */
const expected: Readonly<
  Record<Mode, { readonly verdicts: readonly Verdict[]; readonly sent: string; readonly peer: string }>
> = {
  quiet: { verdicts: ['quiet'], sent: 'nothing', peer: 'nothing' },
  // Whether the peer's answer is seen before TCP has ended is a matter of time.
  unidirectional: { verdicts: ['half-closed', 'clean'], sent: 'close_notify', peer: 'close_notify' },
  bidirectional: { verdicts: ['clean'], sent: 'close_notify', peer: 'close_notify' },
}

function judged(mode: Mode, ours: ClosureReport, theirs: ClosureReport): string {
  const { verdicts, sent, peer } = expected[mode]
  if (!verdicts.includes(ours.verdict)) expectIs("the report's verdict", ours.verdict, verdicts.join(' or '))
  expectIs('what was sent', ours.sent.kind, sent)
  expectIs('what the peer has received', theirs.received.kind, peer)
  return `verdict ${ours.verdict}: ${sent} sent, ${ours.received.kind} received`
}
