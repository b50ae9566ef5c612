/**
 * One block: all sides against one peer over one network. Some rounds, of one closing per side each, make a batch: all of
 * its connections are opened; when all have come to rest they are closed in an order that is shuffled anew, one every few
 * ms, so that no closing begins while another handshake goes on. Where there is no delay a closing begins when the one
 * before is over; elsewhere what overlaps is waiting. Right before each closing that waits, one echo sets out on the same
 * way. The first batch warms up and is not counted.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { shuffle } from 'simple-statistics'
import type { RunContext } from '../question.js'
import type { Delays, Path } from './paths.js'
import type { Seen } from './peer-process.js'
import { payloadBytes, sides, waitBudget } from './sides.js'
import type { Peer, Protocol, Side } from './sides.js'

/** One closing, in ms from the call. What did not happen is absent. */
export interface Sample {
  /** The peer has all data. */
  readonly delivered?: number
  /** The peer has read our close_notify. */
  readonly known?: number
  /** Our side has nothing left to send or to wait for. */
  readonly done: number
  /** Our file descriptor is gone. */
  readonly closed?: number
  /** How the closer says it ended, and by what the peer's stream did. */
  readonly result: string
  readonly seen: 'close_notify' | 'fin' | 'reset'
  /** The echo of the same moment; only beside closings that wait. */
  readonly echo?: number
}

export interface Measured {
  readonly samples: ReadonlyMap<Side, readonly Sample[]>
  /** The least delays of the network meanwhile. */
  readonly delays: Delays
}

export interface Conditions {
  readonly rtt: number
  readonly protocol: Protocol
  readonly peer: Peer
}

const fullRounds = 200
const roundsPerBatch = 25
const warmUpRounds = 15

/** ms between the handshakes of two rounds. */
const openEvery = 20

export async function measure(path: Path, conditions: Conditions, context: RunContext): Promise<Measured> {
  const rounds = Math.max(8, Math.round(fullRounds * context.scale))
  const samples = new Map<Side, Sample[]>(sides.map((side) => [side, []]))
  await new Batch(path, conditions, context, 'warm-up').run(Math.min(rounds, warmUpRounds))
  await path.takeDelays()
  for (let done = 0; done < rounds; done += roundsPerBatch) {
    const batch = new Batch(path, conditions, context, `batch-${done}`)
    for (const [side, sample] of await batch.run(Math.min(roundsPerBatch, rounds - done)))
      samples.get(side)?.push(sample)
    context.progress(Math.min(1, (done + roundsPerBatch) / rounds))
  }
  return { samples, delays: await path.takeDelays() }
}

/** A connection that is open, and the name that it tells the peer. */
interface Opened {
  readonly side: Side
  readonly id: string
  readonly name: string
}

/** What the closer answered. */
interface Answer {
  readonly opened: Opened
  readonly started: bigint
  readonly done: number
  readonly closed?: number
  readonly result: string
  readonly echo?: number
}

class Batch {
  readonly #path: Path
  readonly #conditions: Conditions
  readonly #context: RunContext
  readonly #name: string

  constructor(path: Path, conditions: Conditions, context: RunContext, name: string) {
    this.#path = path
    this.#conditions = conditions
    this.#context = context
    this.#name = name
  }

  async run(rounds: number): Promise<readonly (readonly [Side, Sample])[]> {
    const { random, signal } = this.#context
    const opened = shuffle(await this.#openAll(rounds), random)
    await sleep(20 + this.#conditions.rtt, undefined, { signal })
    const answers: Promise<Answer>[] = []
    for (const one of opened) {
      const answer = this.#close(one)
      // Awaited below, or nobody hears of it any more because the batch has failed.
      answer.catch(() => {})
      answers.push(answer)
      if (this.#conditions.rtt === 0 && this.#conditions.peer === 'answers') await answer
      await sleep(1 + 3 * random(), undefined, { signal })
    }
    const closed = await Promise.all(answers)
    const seen = parseSeen(await this.#path.take())
    return closed.map((answer) => [answer.opened.side, sampleOf(answer, seen.get(answer.opened.name))])
  }

  async #openAll(rounds: number): Promise<Opened[]> {
    const opening: Promise<Opened>[] = []
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, side] of sides.entries()) {
        const opened = this.#open(side, `${this.#name}-${round}-${index}`)
        // Awaited below; until then no failure may count as unhandled.
        opened.catch(() => {})
        opening.push(opened)
      }
      // Handshakes of all rounds at once would make those wait that came first.
      await sleep(openEvery, undefined, { signal: this.#context.signal })
    }
    return await Promise.all(opening)
  }

  async #open(side: Side, name: string): Promise<Opened> {
    const { host, port } = this.#path
    const id = await this.#path.closer(side.closer).ask('open', host, port, this.#conditions.protocol)
    return { side, id, name }
  }

  async #close(opened: Opened): Promise<Answer> {
    const { side, id, name } = opened
    const echoed = side.waits && this.#conditions.peer !== 'silent' ? this.#path.echo() : undefined
    echoed?.catch(() => {})
    // So that the two do not meet in the processes between: without a delay the echo is back by then.
    if (this.#conditions.rtt === 0) await echoed
    else if (echoed !== undefined) await sleep(1)
    const asked = this.#path
      .closer(side.closer)
      .ask('close', id, side.way, name, payloadBytes, waitBudget(this.#conditions.peer))
    const [text, echo] = await Promise.all([asked, echoed])
    const [started = '', done = '', closed = '', result = ''] = text.split(' ')
    return {
      opened,
      started: BigInt(started),
      done: sinceMs(started, done),
      ...(closed !== '-' && { closed: sinceMs(started, closed) }),
      result,
      ...(echo !== undefined && { echo }),
    }
  }
}

function sampleOf({ started, done, closed, result, echo }: Answer, seen: Seen | undefined): Sample {
  const since = (time: string): number => sinceMs(String(started), time)
  const { delivered, ended, by = 'fin' } = seen ?? {}
  return {
    ...(delivered !== undefined && { delivered: since(delivered) }),
    ...(by === 'close_notify' && ended !== undefined && { known: since(ended) }),
    done,
    ...(closed !== undefined && { closed }),
    result,
    // A connection of which not even the name came, as after destroy().
    seen: by,
    ...(echo !== undefined && { echo }),
  }
}

function sinceMs(started: string, time: string): number {
  return Number(BigInt(time) - BigInt(started)) / 1e6
}

function parseSeen(text: string): ReadonlyMap<string, Seen> {
  const content: unknown = JSON.parse(text)
  const seen = new Map<string, Seen>()
  if (typeof content !== 'object' || content === null) return seen
  for (const [name, one] of Object.entries(content)) seen.set(name, seenOf(one))
  return seen
}

function seenOf(content: unknown): Seen {
  if (typeof content !== 'object' || content === null || !('by' in content)) throw new Error('Expected what was seen')
  const { by } = content
  if (by !== 'close_notify' && by !== 'fin' && by !== 'reset') throw new Error(`Unknown end "${String(by)}"`)
  return {
    by,
    ...('delivered' in content && { delivered: String(content.delivered) }),
    ...('ended' in content && { ended: String(content.ended) }),
  }
}
