import type { Block, Question } from '../question.js'
import { burstBlock } from './burst.js'
import { presentation } from './presentation.js'
import type { Side } from './sides.js'
import { streamBlock } from './stream.js'

const all: readonly Side[] = [
  'end()',
  'end() again',
  'destroy()',
  'by hand',
  'quiet',
  'unidirectional',
  'bidirectional',
]
/** Whose cost is told beside that of `end()`; with silent peers the first one waits without end, as `end()` does. */
const tlsStreams: readonly Side[] = ['TlsStream, unidirectional', 'TlsStream, bidirectional']

/**
 * With silent peers `end()` never ends, `destroy()` does not depend on them, and `quiet` waits for them as
 * `unidirectional` does.
 */
const timed: readonly Side[] = ['by hand', 'bidirectional']
const waiting: readonly Side[] = ['by hand', 'unidirectional', 'bidirectional']

const hundred = { connections: 100, budget: 250, rounds: 6, leastRounds: 1, warmSamples: 1 } as const
const thousand = { connections: 1000, budget: 250, rounds: 6, leastRounds: 1, warmSamples: 1 } as const
const tenThousand = { connections: 10_000, budget: 1000, rounds: 3, leastRounds: 1, warmSamples: 0 } as const
const stream = { perSecond: 100, budget: 250, rtt: 20, window: 500, windows: 3, rounds: 2, leastRounds: 1 } as const

export const load: Question = {
  name: 'load',
  title: 'What closing under load costs the server: time, CPU, open files, memory',
  definitions: {
    load:
      'burst: all connections are open and at rest, and the server calls their closing in one turn. stream: new ' +
      'connections come at an even pace, and the server closes each as soon as it has sent its payload',
    connections: 'of a burst',
    perSecond: 'new connections per second of a stream, as planned',
    rtt: 'ms that the relay adds to a round trip; 0: no relay. As a measure: an echo through the same relay, meanwhile',
    budget: 'ms that each way of closing gives a silent peer',
    silent: 'per cent of the peers that keep reading and never answer; the others are Node, which answers',
    side:
      "Node's end(); Node's destroy(); by hand: end(), and destroy() after the budget; quiet, unidirectional, " +
      'bidirectional: end() under a policy of that mode, waitTimeout and lingerTimeout being the budget (a ' +
      'lingerTimeout is looked at now and then, so that quiet and unidirectional may keep a silent peer for half of ' +
      'it longer); TlsStream: end() of a server of streams that close in that mode, whose TLS is not that of Node, ' +
      'waitTimeout being the budget. end() again is the same as end(), to show what two equal sides differ by',
    wall: 'burst: from the first call until the last connection is closed',
    cpuPerClose:
      "burst: the server's CPU time, user and system, from the first call until the last is closed, per close, when " +
      'it has closed some thousand before',
    cpuToEnd:
      'burst: cpuPerClose divided by that of end() in the same round. stream: cpuPerConnection divided by that of ' +
      'end() in a window of the same round',
    fdSeconds:
      'descriptor seconds per 1,000 closes: the time from the call until the descriptor is closed. In a burst it counts ' +
      'from the first call',
    longestStall: "the longest time between two turns of the server's event loop, seen by a clock of 1 ms",
    rssPerOpen: 'burst: RSS with all connections open less RSS before, after a garbage collection each, per connection',
    rssPerClosing: 'burst: the same with the greater RSS of two moments: behind all calls, and half a budget later',
    openFiles: 'open connections whose closing was called, over time, in the last sample',
    held: 'stream: how many of them there are at a time, mean of a window of 500 ms (1 s with 1 % silent peers, of which one is in each)',
    closesPerSecond: 'stream: closings that the server called, per second, mean of all windows',
    formula:
      'stream: closesPerSecond x (mean of the echoes + silent share x budget). It counts the RTT of silent peers too, ' +
      'which makes it a little high where there are many',
    heldToFormula: 'stream: held divided by the formula, of each window',
    cpuPerConnection:
      "stream: the server's CPU time per connection, its handshake included, when it has had some thousand before",
  },
  blocks: () => [...hundreds(), ...thousands(), ...tenThousands(), ...streams()],
  presentation,
}

function hundreds(): Block[] {
  return [
    burstBlock({ ...hundred, silent: 0, sides: [...all, ...tlsStreams], rounds: 8, warmSamples: 2, seconds: 70 }),
    burstBlock({ ...hundred, silent: 1, sides: timed, seconds: 18 }),
    burstBlock({ ...hundred, silent: 10, sides: [...timed, 'TlsStream, bidirectional'], seconds: 27 }),
    burstBlock({ ...hundred, silent: 100, sides: ['destroy()', ...waiting], seconds: 34 }),
  ]
}

/** Where all peers answer, `by hand` is `end()` and a timer: a hundred connections show what that costs. */
function thousands(): Block[] {
  return [
    burstBlock({
      ...thousand,
      silent: 0,
      sides: [...all.filter((side) => side !== 'by hand'), ...tlsStreams],
      warmSamples: 2,
      seconds: 170,
    }),
    burstBlock({ ...thousand, silent: 1, sides: timed, seconds: 38 }),
    burstBlock({ ...thousand, silent: 10, sides: timed, seconds: 39 }),
    burstBlock({ ...thousand, silent: 100, sides: waiting, seconds: 63 }),
  ]
}

/** Three samples, for a sample is 10,000 handshakes: their range is told, and no median. */
function tenThousands(): Block[] {
  return [
    burstBlock({ ...tenThousand, silent: 0, sides: ['destroy()', 'bidirectional'], seconds: 53 }),
    burstBlock({ ...tenThousand, silent: 100, sides: timed, seconds: 67 }),
  ]
}

function streams(): Block[] {
  return [
    streamBlock({ ...stream, silent: 0, windows: 6, sides: [...all, ...tlsStreams], seconds: 98 }),
    streamBlock({ ...stream, silent: 1, window: 1000, sides: ['end()', ...timed], seconds: 34 }),
    streamBlock({
      ...stream,
      silent: 10,
      sides: ['end()', 'quiet', ...waiting, 'TlsStream, bidirectional'],
      seconds: 65,
    }),
    streamBlock({ ...stream, silent: 100, sides: ['end()', ...waiting], seconds: 41 }),
  ]
}
