/**
 * The second pair of eyes: it does to a server what the probe does, with a client and a record of the wire that have
 * nothing to do with the probe, and tells from the record what the server sent.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ending, Question, Resumption } from '../../../lib/lab/probe/result.js'
import { explain } from '../../../benchmarks/support/explain.js'
import { alertRecord, fin, plaintext } from '../../support/tampering.js'
import { describeEvent, type Wire, type WireEvent } from '../../support/wire.js'
import { type Line, type LineOptions, withLine } from './line.js'
import { requestOf } from './requests.js'

export type JudgedQuestion = Exclude<Question, 'idle'>

export interface Sight {
  readonly ending: Ending
  readonly tcp: 'open' | 'half-closed' | 'closed'
  /** All application data of the server, in bytes. */
  readonly bytes: number
  /** What the server sent last, one line for each record, FIN and RST: for whoever looks why two differ. */
  readonly last: readonly string[]
}

export type VersionSight =
  | {
      readonly kind: 'seen'
      readonly sights: Readonly<Record<JudgedQuestion, Sight>>
      readonly resumption: Readonly<Record<'afterResponse' | 'afterCloseNotify' | 'afterFin', Resumption>>
    }
  /** A connection did not come to be, or something on the wire could not be read. */
  | { readonly kind: 'failed'; readonly why: string }

export interface JudgeOptions extends Omit<LineOptions, 'session'> {
  /** ms without anything of the server's after which it is taken for silent, as the probe's option of that name. */
  readonly wait: number
}

export async function judge(options: JudgeOptions): Promise<VersionSight> {
  try {
    return await judgeAll(options)
  } catch (error) {
    options.signal.throwIfAborted()
    return { kind: 'failed', why: explain(error) }
  }
}

async function judgeAll(options: JudgeOptions): Promise<VersionSight> {
  const afterResponse = await look('afterResponse', options)
  const resumedAfterResponse = await resume(afterResponse.session, options)
  const onCloseNotify = await look('onCloseNotify', options)
  const resumedAfterCloseNotify = await resume(onCloseNotify.session, options)
  const onFin = await look('onFin', options)
  const resumedAfterFin = await resume(onFin.session, options)
  return {
    kind: 'seen',
    sights: {
      afterResponse: afterResponse.sight,
      onCloseNotify: onCloseNotify.sight,
      onCloseNotifyAfterRequest: await lookAt('onCloseNotifyAfterRequest', options),
      onFin: onFin.sight,
      onFinInRequest: await lookAt('onFinInRequest', options),
    },
    resumption: {
      afterResponse: resumedAfterResponse,
      afterCloseNotify: resumedAfterCloseNotify,
      afterFin: resumedAfterFin,
    },
  }
}

const closeNotify = alertRecord('warning', 'close_notify')

// What a server sends by itself behind the handshake, its tickets and a greeting, has come by then.
const settling = 100

export async function lookAt(question: JudgedQuestion, options: JudgeOptions): Promise<Sight> {
  return (await look(question, options)).sight
}

async function look(
  question: JudgedQuestion,
  options: JudgeOptions,
): Promise<{ sight: Sight; session: Buffer | undefined }> {
  return await withLine(options, async (line) => {
    const { wire } = line
    await act(question, line, options)
    await untilQuiet(wire, options.wait, options.signal)
    const ending = endingOf(wire.eventsOf('server'), options.version)
    const bytes = wire.data('server').length
    const last = wire.eventsOf('server').slice(-6).map(describeEvent)
    return { sight: { ending, tcp: await tcpOf(question, line), bytes, last }, session: line.session() }
  })
}

async function resume(session: Buffer | undefined, options: JudgeOptions): Promise<Resumption> {
  if (session === undefined) return 'no-session'
  const isResumed = await withLine({ ...options, session }, (line) => Promise.resolve(line.isResumed))
  return isResumed ? 'resumed' : 'full-handshake'
}

async function act(question: JudgedQuestion, line: Line, { speech, port, wait, signal }: JudgeOptions): Promise<void> {
  const { bytes, farewell } = requestOf(speech, port)
  switch (question) {
    case 'afterResponse':
      line.client.write(bytes)
      if (farewell === undefined) return
      await untilQuiet(line.wire, Math.min(wait, 300), signal)
      line.client.write(farewell)
      return
    case 'onCloseNotify':
      await sleep(settling, undefined, { signal })
      line.send([closeNotify])
      return
    case 'onCloseNotifyAfterRequest':
      line.writeThen(bytes, [closeNotify])
      return
    case 'onFin':
      await sleep(settling, undefined, { signal })
      line.send([fin])
      return
    case 'onFinInRequest':
      line.writeThen(bytes.subarray(0, Math.ceil(bytes.length / 2)), [fin])
      return
  }
}

/** Waits until TCP has ended on the server's side, or nothing has come of it for so many ms. */
async function untilQuiet(wire: Wire, ms: number, signal: AbortSignal): Promise<void> {
  let count = 0
  let since = performance.now()
  for (;;) {
    const events = wire.eventsOf('server')
    if (events.some(({ kind }) => kind === 'fin' || kind === 'rst')) return
    if (events.length !== count) {
      count = events.length
      since = performance.now()
    }
    if (performance.now() - since >= ms) return
    await sleep(10, undefined, { signal })
  }
}

/** From the record alone. */
function endingOf(events: readonly WireEvent[], version: LineOptions['version']): Ending {
  const unread = events.find(({ kind }) => kind === 'encrypted' || kind === 'undecryptable')
  if (unread !== undefined) throw new Error(`The record has something that cannot be read: ${describeEvent(unread)}`)
  const has = (kind: 'fin' | 'rst'): boolean => events.some((event) => event.kind === kind)
  const alerts = events.filter((event) => event.kind === 'alert')
  if (alerts.some(({ name }) => name === 'close_notify')) return has('fin') ? 'close_notify+fin' : 'close_notify'
  const fatal = alerts.find(
    ({ name, level }) => name !== 'user_canceled' && (level === 'fatal' || version === 'TLSv1.3'),
  )
  if (fatal !== undefined) return `alert:${fatal.name}`
  if (has('fin')) return 'fin'
  return has('rst') ? 'reset' : 'silent'
}

// A record that the server ignores behind close_notify, where it still reads.
const pokeBytes = plaintext(Buffer.from([0x15, 3, 3, 0, 2, 1, 0]))

/** Whether the server still takes what comes: a socket that was closed answers RST. */
async function tcpOf(question: JudgedQuestion, line: Line): Promise<Sight['tcp']> {
  const has = (kind: 'fin' | 'rst'): boolean => line.wire.eventsOf('server').some((event) => event.kind === kind)
  if (has('rst')) return 'closed'
  if (!has('fin')) return 'open'
  if (question === 'onFin' || question === 'onFinInRequest') return 'closed'
  line.send([question === 'afterResponse' ? closeNotify : pokeBytes])
  for (let waited = 0; waited < 150 && !has('rst'); waited += 10) await sleep(10)
  return has('rst') ? 'closed' : 'half-closed'
}
