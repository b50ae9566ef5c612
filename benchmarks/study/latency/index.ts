/** What closing costs the side that closes first, as a function of the way, the RTT, the protocol and the peer. */
import type { Cell } from '../cell.js'
import { differences, distribution, least, present, share } from '../measures.js'
import { command, tunDevice } from '../needs.js'
import type { Block, BlockResult, Question, RunContext } from '../question.js'
import { untilDeath } from '../until-death.js'
import { checksOf } from './checks.js'
import { measure } from './measure.js'
import type { Measured, Sample } from './measure.js'
import { openPath } from './paths.js'
import type { NetworkKind } from './paths.js'
import { latencyPresentation } from './presentation.js'
import { cCompiler, prepareClosers } from './programs.js'
import { grace, payloadBytes, peers, protocols, sides, waitBudget } from './sides.js'
import type { Peer, Protocol, Side } from './sides.js'

const hold = waitBudget('silent') + grace

const definitions = {
  side:
    'who closes, and how: end() and destroy() of stock Node; quiet, unidirectional and bidirectional by shutdown() of ' +
    'this package, or by end() under its policy; the same three by shutdown() of its TlsStream, whose TLS is not ' +
    'that of Node; a plain C program over libssl; Python. "again" is the same once more and tells how much of a ' +
    'difference is noise',
  peer: 'when the other side answers our close_notify; silent is never',
  network:
    'relay: a process that delays each piece of the stream by half the RTT; packets: two network namespaces between ' +
    'which each packet is delayed',
  delivered: `ms from the call until the peer has read the ${payloadBytes} bytes that were written right before`,
  known: 'ms from the call until the peer has read our close_notify, and so knows that nothing was cut off',
  done: `ms from the call until our side has nothing left to send or to wait for; a silent peer is waited for ${waitBudget('silent')} ms`,
  closed: `ms from the call until our file descriptor is gone; what a silent peer keeps open is destroyed after ${hold} ms`,
  aboveEcho: 'done minus an echo that set out on the same way right before: what a bidirectional closing adds to 1 RTT',
  lost: 'closings of which the peer did not get all bytes',
  keptOpen: `closings of which the descriptor was still open after ${hold} ms`,
  echo: 'ms of one echo over the same way, beside the closings',
  leastUp: 'the least one-way delay from the closer to the peer that the network recorded, in ms',
  leastDown: 'the least one-way delay from the peer to the closer that the network recorded, in ms',
}

export const latency: Question = {
  name: 'latency',
  title: 'What closing costs the side that closes first',
  definitions,
  alikeOver: ['network', 'protocol', 'peer'],
  blocks() {
    const relay = [0, 10, 50, 200].flatMap((rtt) =>
      protocols.flatMap((protocol) => peers.map((peer) => block({ network: 'relay', rtt, protocol, peer }))),
    )
    const packets = [10, 50].map((rtt) => block({ network: 'packets', rtt, protocol: 'TLSv1.3', peer: 'answers' }))
    return [...relay, ...packets]
  },
  presentation: latencyPresentation,
}

interface Conditions {
  readonly network: NetworkKind
  readonly rtt: number
  readonly protocol: Protocol
  readonly peer: Peer
}

const python = command('python3')

function block(conditions: Conditions): Block {
  const { network, rtt, protocol, peer } = conditions
  const names = [...sides.map(({ name }) => name), 'echo']
  return {
    id: `latency network=${network} rtt=${rtt} protocol=${protocol} peer=${peer}`,
    cells: names.map((side) => ({ network, rtt, protocol, peer, side })),
    needs: network === 'packets' ? [cCompiler, python, tunDevice] : [cCompiler, python],
    seconds: 22 + rtt / 25,
    visits: 4,
    run: (context) => run(conditions, context),
  }
}

async function run(conditions: Conditions, context: RunContext): Promise<BlockResult> {
  const { context: watched, onDied } = untilDeath(context)
  const programs = await prepareClosers()
  try {
    const path = await openPath({ ...conditions, programs, signal: watched.signal, onDied })
    try {
      const measured = await measure(path, conditions, watched)
      const where = `network=${conditions.network} rtt=${conditions.rtt} ${conditions.protocol} ${conditions.peer}`
      return {
        cells: cellsOf(conditions, measured, context.random),
        checks: checksOf({ ...measured, where, answered: conditions.peer !== 'silent' }),
      }
    } finally {
      await path.stop()
    }
  } finally {
    await programs.remove()
  }
}

function cellsOf(conditions: Conditions, { samples, delays }: Measured, random: () => number): readonly Cell[] {
  const parameters = { ...conditions }
  const echoes = [...samples.values()].flatMap((all) => all.flatMap(({ echo }) => echo ?? []))
  const cells = [...samples].map(([side, all]) => cellOf(parameters, side, all, random))
  const network: Cell = {
    question: 'latency',
    parameters: { ...parameters, side: 'echo' },
    measures: present({
      echo: distribution(echoes, { unit: 'ms', better: 'neither' }, random),
      leastUp: Number.isNaN(delays.up) ? undefined : least(delays.up, 'ms'),
      leastDown: Number.isNaN(delays.down) ? undefined : least(delays.down, 'ms'),
    }),
  }
  return [...cells, network]
}

/** Precise enough for the question whether it is a tenth of a millisecond or a half. */
const aboveEchoKind = { unit: 'ms', better: 'lower', precision: { relative: 0.3, absolute: 0.25 } } as const

function cellOf(parameters: Conditions, side: Side, all: readonly Sample[], random: () => number): Cell {
  const values = (value: (sample: Sample) => number | undefined): number[] =>
    all.flatMap((sample) => value(sample) ?? [])
  const time = (value: (sample: Sample) => number | undefined) =>
    distribution(values(value), { unit: 'ms', better: 'lower' }, random)
  const aboveEcho = values(({ done, echo }) => (echo === undefined ? undefined : done - echo))
  return {
    question: 'latency',
    parameters: { ...parameters, side: side.name },
    measures: present({
      delivered: time(({ delivered }) => delivered),
      known: time(({ known }) => known),
      done: time(({ done }) => done),
      closed: time(({ closed }) => closed),
      aboveEcho: differences(aboveEcho, aboveEchoKind, random),
      lost: share(all.filter(({ delivered }) => delivered === undefined).length, all.length, 'lower'),
      keptOpen: share(all.filter(({ closed }) => closed === undefined).length, all.length, 'lower'),
    }),
    ...(side.sends === 'nothing' && { absent: { known: 'no close_notify is sent: the peer cannot know' } }),
  }
}
