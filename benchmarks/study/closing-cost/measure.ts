/**
 * The run. Its unit is the round: one closing of each kind, that is of each RTT, peer and closing, in an order shuffled
 * anew each time. Some rounds make a batch: its connections are opened, all come to rest, then
 *
 * - closings begin one at a time: the next begins when the one before is done, after a short random pause, so that no
 *   time contains another's handshake or closing. Only waiting overlaps: for a silent peer, and for 'close';
 * - an echo of the same relay is measured right before or, every other round, right after each bidirectional closing
 *   that is answered, so that each has an RTT of its own moment to be compared with;
 * - the batch ends when every socket was released or given up.
 *
 * The first batch warms up and is not counted.
 */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { shuffle } from 'simple-statistics'
import { EchoProbe } from '../../support/echo.js'
import { closings, Connection, peers } from './closing.js'
import type { Budgets, Closing, Peer } from './closing.js'
import type { Network } from './network.js'

/** All closings of one kind, in the order in which they were done. */
export interface Row {
  readonly rtt: number
  readonly peer: Peer
  readonly closing: Closing
  readonly samples: Sample[]
}

/** One closing that was done; times in ms. */
export interface Sample {
  readonly done: number
  /** The verdict of its report; absent for `end()`, which makes none. */
  readonly verdict?: string
  /** The relay's echo beside it; only for bidirectional closings that are answered. */
  echo?: number
  /** When the file descriptor was gone: null if it was still open when that was given up, absent if interrupted. */
  released?: number | null
}

export interface Plan {
  readonly rtts: readonly number[]
  /** Closings per row; Infinity for as many as the time allows. */
  readonly samples: number
  /** When to stop, in seconds from the first counted closing; Infinity for never. */
  readonly seconds: number
  readonly random: () => number
}

export interface Progress {
  readonly phase: 'warm-up' | 'measuring'
  /** From 0 to 1, of the samples or the time, whichever is nearer to its end. */
  readonly fraction: number
  /** Closings that were counted. */
  readonly closings: number
}

/** The wait budget of a bidirectional close with a silent peer, in ms. */
export const silentWait = 250

/** After how many ms the benchmark itself destroys a socket that a silent peer keeps open. */
export const silentHold = silentWait + 100

const budgets: Readonly<Record<Peer, Budgets>> = {
  silent: { wait: silentWait, hold: silentHold },
  // Never to be reached: a limit here would cut off the slowest samples.
  answers: { wait: 20_000, hold: 20_000 },
}

const roundsPerBatch = 4

export function emptyRows(rtts: readonly number[]): readonly Row[] {
  return rtts.flatMap((rtt) =>
    peers.flatMap((peer) => closings.map((closing) => ({ rtt, peer, closing, samples: [] }))),
  )
}

/** Fills the rows, until the plan is fulfilled or the signal aborts it; what was measured until then is in them. */
export async function measure(
  plan: Plan,
  network: Network,
  rows: readonly Row[],
  signal: AbortSignal,
  report: (progress: Progress) => void,
): Promise<void> {
  const probes = new Map<number, EchoProbe>()
  try {
    for (const rtt of plan.rtts) probes.set(rtt, await EchoProbe.connect(network.port(rtt, 'echo'), signal))
    const batch = new BatchRunner(plan.random, network, probes, signal)

    report({ phase: 'warm-up', fraction: 0, closings: 0 })
    const warmUpRounds = Math.min(roundsPerBatch, plan.samples)
    await batch.run(emptyRows(plan.rtts), warmUpRounds, () => {})

    const started = performance.now()
    const elapsed = (): number => (performance.now() - started) / 1000
    let rounds = 0
    let closed = 0
    let longest = 0
    while (rounds < plan.samples && (rounds === 0 || elapsed() + longest <= plan.seconds)) {
      const began = elapsed()
      const count = Math.min(roundsPerBatch, plan.samples - rounds)
      await batch.run(rows, count, () => {
        closed += 1
        const fraction = Math.max(closed / (plan.samples * rows.length), elapsed() / plan.seconds)
        report({ phase: 'measuring', fraction: Math.min(fraction, 1), closings: closed })
      })
      rounds += count
      longest = Math.max(longest, elapsed() - began)
    }
  } finally {
    for (const probe of probes.values()) probe.close()
  }
}

class BatchRunner {
  readonly #random: () => number
  readonly #network: Network
  readonly #probes: ReadonlyMap<number, EchoProbe>
  readonly #signal: AbortSignal
  #round = 0

  constructor(random: () => number, network: Network, probes: ReadonlyMap<number, EchoProbe>, signal: AbortSignal) {
    this.#random = random
    this.#network = network
    this.#probes = probes
    this.#signal = signal
  }

  async run(rows: readonly Row[], rounds: number, onClosing: () => void): Promise<void> {
    const opened: Opened[] = []
    const releases: Promise<void>[] = []
    try {
      for (let round = 0; round < rounds; round += 1) await this.#open(rows, opened)
      await sleep(20, undefined, { signal: this.#signal })
      for (const next of opened) {
        const { released } = await this.#close(next)
        releases.push(released)
        onClosing()
        await sleep(1 + 3 * this.#random(), undefined, { signal: this.#signal })
      }
      await this.#unlessAborted(Promise.all(releases))
      await this.#unlessAborted(this.#network.dropSilent())
    } finally {
      for (const { connection } of opened) connection.destroy()
    }
  }

  /** Opens the connections of one round, all at once, and lists them in an order that does not depend on the RTT. */
  async #open(rows: readonly Row[], opened: Opened[]): Promise<void> {
    const echoFirst = this.#round % 2 === 0
    this.#round += 1
    const results = await Promise.allSettled(
      shuffle([...rows], this.#random).map(async (row) => {
        const port = this.#network.port(row.rtt, row.peer)
        const connection = await Connection.open(port, row.peer, row.closing, this.#signal)
        return { row, connection, echoFirst }
      }),
    )
    for (const result of results) if (result.status === 'fulfilled') opened.push(result.value)
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  /** Resolves when the next closing may begin. */
  async #close({ row, connection, echoFirst }: Opened): Promise<{ readonly released: Promise<void> }> {
    const answeredBoth = row.closing === 'bidirectional' && row.peer === 'answers'
    const before = answeredBoth && echoFirst ? await this.#echo(row.rtt) : undefined
    const begun = connection.begin(budgets[row.peer])
    const sampled = begun.done.then(({ ms, verdict }) => {
      const sample: Sample = { done: ms, ...(verdict !== undefined && { verdict }) }
      row.samples.push(sample)
      return sample
    })
    const released = Promise.all([sampled, begun.released]).then(([sample, ms]) => {
      sample.released = ms ?? null
    })
    // Looked at when the batch ends; until then no failure may count as unhandled.
    released.catch(() => {})
    // Only its budget ends the wait for a silent peer: the next closing does not wait for that.
    if (row.closing === 'bidirectional' && row.peer === 'silent') return { released }
    const sample = await this.#unlessAborted(sampled)
    if (answeredBoth) sample.echo = before ?? (await this.#echo(row.rtt))
    return { released }
  }

  async #echo(rtt: number): Promise<number> {
    const probe = this.#probes.get(rtt)
    if (probe === undefined) throw new Error(`No echo at RTT ${rtt}`)
    return await probe.measure(this.#signal)
  }

  #unlessAborted<T>(promise: Promise<T>): Promise<T> {
    const signal = this.#signal
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        reject(new Error('The run was ended', { cause: signal.reason }))
      }
      if (signal.aborted) onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
      promise.then(resolve, reject).finally(() => {
        signal.removeEventListener('abort', onAbort)
      })
    })
  }
}

interface Opened {
  readonly row: Row
  readonly connection: Connection
  /** Whether its echo is measured before it or after it. */
  readonly echoFirst: boolean
}
