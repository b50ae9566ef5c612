/** Measures one server: starts it, has it probed and judged for each version of TLS, and stops it in any case. */
import { probe } from '../../lib/lab/probe/probe.js'
import type { ProbeOptions } from '../../lib/lab/probe/options.js'
import { tlsVersions, type TlsVersion } from '../../lib/tls/versions.js'
import { explain } from '../../benchmarks/support/explain.js'
import { differencesBetween } from './compare.js'
import { judge } from './judge/judge.js'
import { host, makePlace, type Place } from './place.js'
import type { Measured, NotMeasured } from './result.js'
import type { FieldServer, Speech, StartedServer } from './server.js'

export interface RoundOptions {
  /** ms without an answer after which a server is taken for silent. */
  readonly wait: number
  readonly signal: AbortSignal
  readonly onVersion?: (version: TlsVersion) => void
}

export async function measure(server: FieldServer, options: RoundOptions): Promise<Measured | NotMeasured> {
  const { name, title } = server
  const place = await makePlace(name)
  try {
    let started: StartedServer
    try {
      started = await server.start(place)
    } catch (error) {
      return { outcome: 'failed', name, title, why: explain(error) }
    }
    try {
      return await measureStarted(server, started, place, options)
    } finally {
      await started.stop()
    }
  } finally {
    await place.remove()
  }
}

/** What a machine that was busy for a moment does is not seen three times. */
const looks = 3

async function measureStarted(
  { name, title, speech }: FieldServer,
  { port, version: serverVersion, library }: StartedServer,
  place: Place,
  { wait, signal, onVersion = () => {} }: RoundOptions,
): Promise<Measured> {
  const target = `127.0.0.1:${port}`
  const versions: Measured['versions'][number][] = []
  const differences: string[] = []
  let madeBy: Measured['madeBy'] | undefined
  for (const version of tlsVersions) {
    onVersion(version)
    for (let look = 1; ; look++) {
      const result = await probe(target, { ...probeOptions(speech, place), versions: [version], wait, signal })
      const seen = await judge({ port, version, speech, ca: place.credentials.cert, wait, signal })
      const [probed] = result.versions
      if (probed === undefined) throw new Error(`The probe had no result for ${version}`)
      madeBy = result.madeBy
      const found = differencesBetween(probed, seen)
      if (found.length > 0 && look < looks) continue
      versions.push(probed)
      differences.push(...found.map((line) => `${version} ${line}`))
      break
    }
  }
  if (madeBy === undefined) throw new Error('No version was probed')
  return {
    ...{ outcome: 'measured', name, title, version: serverVersion, library },
    date: new Date().toISOString().slice(0, 10),
    ...{ madeBy, wait, versions, differences },
  }
}

function probeOptions({ starttls, request }: Speech, { credentials }: Place): ProbeOptions {
  return {
    ...(starttls !== undefined && { starttls }),
    ...(request.kind === 'bytes'
      ? { request: Buffer.from(request.text, 'latin1') }
      : { request: request.kind, path: request.path }),
    ...{ servername: host, ca: credentials.cert },
  }
}
