/**
 * A steady stream of connections that the server closes as soon as it has sent the payload, through a relay that adds a
 * round trip. Each server has closed thousands before. Each run has a warm-up that is longer than the budget, and some windows of the same length, which are the
 * samples; sides alternate by runs, in an order that is shuffled anew.
 *
 * Open files are counted twice: by the kernel, at random moments, and by the server, which notes when each connection
 * was accepted, when its closing was called and when it was closed. The RTT is that of an echo through the same relay,
 * in the same run.
 */
import { setMaxListeners } from 'node:events'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { shuffle } from 'simple-statistics'
import type { Child } from '../../support/child.js'
import { createEchoServer, EchoProbe } from '../../support/echo.js'
import { listeningPort } from '../../support/relay.js'
import { cellId } from '../cell.js'
import type { Block, RunContext } from '../question.js'
import { type Count, now, openFilesOf } from './descriptors.js'
import { filesLeft, needsOf, numbersOf, Processes, warmUp } from './processes.js'
import { longestWait, type Side } from './sides.js'
import { sharedParameters, streamCell, streamChecks, streamParameters } from './stream-cells.js'
import type { Life, Mark, Run, Runs, StreamPlan } from './stream-cells.js'

/** ms at the beginning of each run. */
const leadIn = 300

export function streamBlock(plan: StreamPlan): Block {
  // Those of end() with silent peers stay open for the whole run.
  const most = Math.ceil((plan.perSecond * (leadIn + plan.budget + 2000 + plan.windows * plan.window + 1000)) / 1000)
  return {
    id: cellId({ question: 'load', parameters: sharedParameters(plan) }),
    cells: plan.sides.map((side) => streamParameters(plan, side)),
    // The relay has two for each connection.
    needs: needsOf(2 * most),
    seconds: plan.seconds,
    run: async (context) => {
      const runs = await Processes.use(context.signal, (processes) => runAll(plan, context, processes))
      return {
        cells: plan.sides.map((side) => streamCell(plan, side, runs, context.random)),
        checks: streamChecks(plan, runs),
      }
    },
  }
}

async function runAll(plan: StreamPlan, context: RunContext, processes: Processes): Promise<Runs> {
  const { sides, budget, rtt } = plan
  const { random, scale, warmUp: warmUpScale, signal } = context
  const rounds = Math.max(plan.leastRounds, Math.round(plan.rounds * scale))
  const runs = new Map<Side, Run[]>(sides.map((side) => [side, []]))
  const echo = createEchoServer().listen(0, '127.0.0.1')
  try {
    await once(echo, 'listening')
    const servers = await Promise.all(sides.map((side) => processes.server(side, 'stream', budget, 100_000)))
    const relay = await processes.relay(rtt, [listeningPort(echo), ...servers.map(({ port }) => port)])
    const peers = await processes.peers()
    for (const server of servers) await warmUp(server, peers, warmUpScale)
    const [echoPort = 0] = relay.ports
    let done = 0
    for (let round = 0; round < rounds; round += 1) {
      for (const side of shuffle([...sides], random)) {
        const index = sides.indexOf(side)
        const [server, port] = [servers[index]?.child, relay.ports[index + 1]]
        if (server === undefined || port === undefined) throw new Error(`No server closes by ${side}`)
        runs
          .get(side)
          ?.push(
            await run(plan, longestWait(side, plan.silent, budget), { server, peers, port, echoPort, random, signal }),
          )
        done += 1
        context.progress(done / (sides.length * rounds))
      }
    }
  } finally {
    echo.close()
  }
  return runs
}

interface Ends {
  readonly server: Child
  readonly peers: Child
  /** Of the relay to the server, and to the echo. */
  readonly port: number
  readonly echoPort: number
  readonly random: () => number
  readonly signal: AbortSignal
}

/** `settled`: ms after which as many connections end as begin. */
async function run(
  plan: StreamPlan,
  settled: number,
  { server, peers, port, echoPort, random, signal }: Ends,
): Promise<Run> {
  const atRest = await openFilesOf(server.pid)
  await server.ask('begin')
  await peers.ask('stream', port, plan.perSecond, plan.silent)
  await sleep(leadIn + settled, undefined, { signal })

  const watch = new AbortController()
  const both = AbortSignal.any([signal, watch.signal])
  // Each pause listens.
  setMaxListeners(0, both)
  const counts = countUntil(both, server.pid, atRest, random)
  const echoes = echoUntil(both, echoPort, random)
  // Looked at below; until then no failure may count as unhandled.
  for (const watching of [counts, echoes]) watching.catch(() => {})
  const marks: Mark[] = []
  try {
    marks.push(await markOf(server))
    for (let window = 0; window < plan.windows; window += 1) {
      await sleep(plan.window, undefined, { signal })
      marks.push(await markOf(server))
    }
  } finally {
    watch.abort()
    await Promise.allSettled([counts, echoes])
  }

  await peers.ask('halt')
  await sleep(settled + 4 * plan.rtt + 50, undefined, { signal })
  const [stall = '', lives = ''] = (await server.ask('end')).split(' ')
  const [sent = 0, failed = 0] = numbersOf(await server.ask('sent'))
  await server.ask('release')
  const left = await filesLeft(server, atRest, signal)
  const received = Number(await peers.ask('drop'))
  if (failed > 0) throw new Error(`${failed} handshakes failed`)
  return {
    ...{ marks, stall: Number(stall), sent, received, left, counts: await counts, echoes: await echoes },
    lives: lives === '' ? [] : lives.split(';').map(lifeOf),
  }
}

/** Counts the open files of a process, beyond those at rest, at random moments 10 ms apart on average. */
async function countUntil(signal: AbortSignal, pid: number, atRest: number, random: () => number): Promise<Count[]> {
  const counts: Count[] = []
  while (!signal.aborted) {
    const before = now()
    const open = (await openFilesOf(pid)) - atRest
    counts.push({ at: (before + now()) / 2, open })
    await sleep(20 * random(), undefined, { signal }).catch(() => {})
  }
  return counts
}

async function echoUntil(signal: AbortSignal, port: number, random: () => number): Promise<number[]> {
  const echoes: number[] = []
  const probe = await EchoProbe.connect(port, signal)
  try {
    while (!signal.aborted) {
      echoes.push(await probe.measure(signal))
      await sleep(20 * random(), undefined, { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    probe.close()
  }
  return echoes
}

async function markOf(server: Child): Promise<Mark> {
  const [at = Number.NaN, cpu = Number.NaN] = numbersOf(await server.ask('mark'))
  return { at, cpu }
}

function lifeOf(text: string): Life {
  const [accepted = Number.NaN, called = Number.NaN, closed = Number.NaN] = numbersOf(text, ',')
  return { accepted, called, closed: closed === 0 ? Infinity : closed }
}
