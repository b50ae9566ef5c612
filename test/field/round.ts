/** Measures one server: starts it, has it probed and judged for each version of TLS, and stops it in any case. */
import { probe } from '../../lib/lab/probe/probe.js'
import type { ProbeOptions } from '../../lib/lab/probe/options.js'
import type { VersionResult } from '../../lib/lab/probe/result.js'
import { type TlsVersion, tlsVersions } from '../../lib/tls/versions.js'
import { explain } from '../../benchmarks/support/explain.js'
import { judge, lookAt } from './judge/judge.js'
import { Looks } from './looks.js'
import { host, makePlace, type Place } from './place.js'
import type { Measured, MeasuredVersion, NotMeasured } from './result.js'
import type { FieldServer, Speech, StartedServer } from './server.js'

export interface RoundOptions {
  /** ms without an answer after which a server is taken for silent. */
  readonly wait: number
  /** How often more the question is asked whose answer depends on what comes first: a request and close_notify. */
  readonly repeats: number
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

/** Probe and judge look once each; where they differ, so many times, for a server may not do the same each time. */
const looks = 5

async function measureStarted(
  { name, title, speech }: FieldServer,
  { port, version: serverVersion, library }: StartedServer,
  place: Place,
  { wait, repeats, signal, onVersion = () => {} }: RoundOptions,
): Promise<Measured> {
  const target = `127.0.0.1:${port}`
  const options = { ...probeOptions(speech, place), wait, signal }
  const versions: MeasuredVersion[] = []
  const differences: string[] = []
  let madeBy: Measured['madeBy'] | undefined
  for (const version of tlsVersions) {
    onVersion(version)
    const found = new Looks()
    const judged = { port, version, speech, ca: place.credentials.cert, wait, signal }
    const probeOnce = async (more: ProbeOptions = {}): Promise<VersionResult> => {
      const result = await probe(target, { ...options, ...more, versions: [version] })
      madeBy = result.madeBy
      const [only] = result.versions
      if (only === undefined) throw new Error(`The probe had no result for ${version}`)
      return only
    }
    let last = await probeOnce()
    let seen = await judge(judged)
    found.add(last, seen)
    for (let look = 1; look < looks && found.differences.length > 0; look++) {
      last = await probeOnce()
      seen = await judge(judged)
      found.add(last, seen)
    }
    const question = 'onCloseNotifyAfterRequest'
    for (let repeat = 0; repeat < repeats && last.kind === 'probed' && seen.kind === 'seen'; repeat++) {
      const again = await probeOnce({ questions: [question] })
      const sight = await lookAt(question, judged)
      if (again.kind === 'failed') continue
      const { [question]: answer } = again.answers
      found.add(
        { ...last, answers: { ...last.answers, ...(answer !== undefined && { [question]: answer }) } },
        { ...seen, sights: { ...seen.sights, [question]: sight } },
      )
    }
    versions.push({ probed: last, varies: found.variations })
    differences.push(...found.differences.map((line) => `${version} ${line}`))
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
