// What memories of learned waiting have counted, as both recorders tell it.
import { Registry } from 'prom-client'
import { expect, onTestFinished, test } from 'vitest'
import { closureOf, type LearnedWaiting, learnedWaiting } from '../../lib/index.js'
import { meterClosures } from '../../lib/metrics/opentelemetry.js'
import { collectClosures } from '../../lib/metrics/prometheus.js'
import { connectPair } from '../support/pair.js'
import { turns } from '../support/streams.js'
import { linesOfRegistry, sdk } from './recorders.js'

const longest = 250

/** Closes a connection whose peer answers, or never does. */
async function close(learned: LearnedWaiting, peer: 'answers' | 'silent'): Promise<void> {
  // A server of Node's that may stay half-open, and does not end its side by itself, keeps its close_notify.
  const pair = await connectPair({ version: 'TLSv1.3', serverOptions: { allowHalfOpen: peer === 'silent' } })
  pair.client.resume()
  pair.server.resume()
  await closureOf(pair.client).shutdown({ mode: 'bidirectional', waitTimeout: learned.forPeer(peer) })
  await pair.close()
  await turns()
}

/** Both recorders; the function tells the lines of the memories, which must be the same. */
function recorded(learned: LearnedWaiting | readonly LearnedWaiting[]): () => Promise<readonly string[]> {
  const { register, stop } = collectClosures({ register: new Registry(), learned })
  onTestFinished(stop)
  const { provider, read } = sdk()
  onTestFinished(meterClosures({ meter: provider.getMeter('mine'), learned }).stop)
  const ofMemories = (lines: readonly string[]) => lines.filter((line) => line.startsWith('learned'))
  return async () => {
    const lines = ofMemories(await linesOfRegistry(register))
    expect(ofMemories(await read())).toEqual(lines)
    return lines
  }
}

test('hits, misses, what was seen, and who is remembered', async () => {
  const learned = learnedWaiting({ longest, maxPeers: 2 })
  const lines = recorded(learned)
  expect(await lines()).toEqual([])
  await close(learned, 'answers')
  await close(learned, 'answers')
  // Four rounds without an answer: silent, and skipped from then on.
  for (let i = 0; i < 6; i++) await close(learned, 'silent')
  const { hits, misses, skipped, tries, answered, answeredLate, unanswered, untold, evicted } = learned.counters
  expect({ misses, skipped, tries, answered, unanswered, evicted, all: hits + misses }).toEqual({
    misses: 2,
    skipped: 2,
    tries: 0,
    answered: 2,
    unanswered: 4,
    evicted: 0,
    all: 8,
  })
  expect({ answeredLate, untold }).toEqual({ answeredLate: 0, untold: 0 })
  expect(await lines()).toEqual([
    'learnedClosings approach=skip lookup=hit 2',
    'learnedClosings approach=wait lookup=hit 4',
    'learnedClosings approach=wait lookup=miss 2',
    'learnedOutcomes outcome=answered 2',
    'learnedOutcomes outcome=unanswered 4',
    'learnedPeers 2',
  ])
  // Asked twice, nothing is counted twice.
  expect(await lines()).toHaveLength(6)
})

test('a try, an answer that was not waited for, a wait that told nothing, and a peer that was forgotten', async () => {
  const learned = learnedWaiting({ longest, maxPeers: 1 })
  const lines = recorded(learned)
  const plan = (peer: string, mayBeSkipped = true) =>
    learned.forPeer(peer).plan({ side: 'client', host: undefined, address: undefined, port: undefined }, mayBeSkipped)
  for (let i = 0; i < 8; i++) plan('silent').over({ kind: 'unanswered', certain: true })
  plan('silent', false).over({ kind: 'unknown' })
  plan('silent').over({ kind: 'answered', after: 1 })
  plan('other').over({ kind: 'answered', after: 1 })
  const { skipped, tries, answeredLate, untold, evicted } = learned.counters
  expect({ tries, untold, evicted, answeredLate }).toEqual({ tries: 1, untold: 1, evicted: 1, answeredLate: 1 })
  expect(await lines()).toEqual([
    `learnedClosings approach=skip lookup=hit ${skipped}`,
    'learnedClosings approach=try lookup=hit 1',
    `learnedClosings approach=wait lookup=hit ${learned.counters.hits - skipped - tries}`,
    'learnedClosings approach=wait lookup=miss 2',
    'learnedEvictions 1',
    'learnedOutcomes outcome=answered 1',
    'learnedOutcomes outcome=answered-late 1',
    `learnedOutcomes outcome=unanswered ${learned.counters.unanswered}`,
    'learnedOutcomes outcome=untold 1',
    'learnedPeers 1',
  ])
})

test('several memories are added up', async () => {
  const [one, two] = [learnedWaiting({ longest }), learnedWaiting({ longest })]
  const lines = recorded([one, two])
  for (const learned of [one, two, two]) await close(learned, 'answers')
  expect(await lines()).toEqual([
    'learnedClosings approach=wait lookup=hit 1',
    'learnedClosings approach=wait lookup=miss 2',
    'learnedOutcomes outcome=answered 3',
    'learnedPeers 2',
  ])
})

test('without a memory there are no such metrics, and none after stop()', async () => {
  const names = ({ register }: { readonly register: ReturnType<typeof collectClosures>['register'] }) =>
    register.getMetricsAsArray().filter(({ name }) => name.includes('learned')).length
  const without = collectClosures()
  onTestFinished(without.stop)
  expect(names(without)).toBe(0)
  const withOne = collectClosures({ learned: learnedWaiting() })
  expect(names(withOne)).toBe(4)
  withOne.stop()
  expect(await withOne.register.metrics()).toBe('\n')

  const { provider, read } = sdk()
  const learned = learnedWaiting({ longest })
  const { stop } = meterClosures({ meter: provider.getMeter('mine'), learned })
  await close(learned, 'answers')
  stop()
  await close(learned, 'answers')
  expect((await read()).filter((line) => line.startsWith('learned'))).toEqual([])
})
