/** What is learned of peers, on a clock of its own: the code of the library, and hours in seconds. */
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../support/random.js'
import { type SimulatedPeer, World } from './simulation.js'

const second = 1000
const hour = 3600 * second
const longest = 3000
const never = () => undefined
const takes = (ms: number) => () => ms

function worldOf(seed: number, options = {}): { readonly world: World; readonly random: () => number } {
  const numbers = seededRandom(seed)
  const random = () => numbers.next()
  return { world: new World(options, random), random }
}

/** Peers by what they do: their keys begin with its first letter. */
function population(random: () => number): readonly SimulatedPeer[] {
  return Array.from({ length: 12 }, (_, index): readonly SimulatedPeer[] => {
    const rtt = 5 + 150 * random()
    const answers = { key: `answers ${index}`, every: second, answer: () => rtt - (Math.log(1 - random()) * rtt) / 10 }
    const silent = { key: `silent ${index}`, every: second, answer: never }
    const sometimes = {
      key: `half ${index}`,
      every: second,
      ownTime: 1.1 * rtt,
      answer: () => (random() < 0.5 ? rtt * (1 + 0.1 * random()) : undefined),
    }
    return [answers, ...(index % 2 === 0 ? [silent] : []), ...(index % 3 === 0 ? [sometimes] : [])]
  }).flat()
}

test('a mixed population holds within 5 % of what an oracle holds, and no answer of a peer that always answers is lost', () => {
  const { world, random } = worldOf(3)
  const peers = population(random)
  world.run(peers, 12 * hour)
  const { held, heldByOracle, heldByFixed, closings } = world.sum()
  const more = (other: number) => `${(100 * (other / heldByOracle - 1)).toFixed(1)} %`
  console.log(`${closings} closings: ${more(held)} more than an oracle holds, a fixed budget ${more(heldByFixed)}`)
  expect(held / heldByOracle).toBeLessThan(1.05)
  expect(closings).toBeGreaterThan(100_000)
  for (const { key } of peers) {
    const { lost, answers } = world.of(key)
    if (key.startsWith('answers')) expect({ key, lost }).toEqual({ key, lost: 0 })
    expect(lost).toBeLessThanOrEqual(answers / 500)
  }
})

describe('a peer that changes', () => {
  test('and begins to answer is noticed within the longest time between two tries', () => {
    const { world } = worldOf(1)
    const begins = 10 * hour
    world.run([{ key: 'a', every: second, answer: (now) => (now < begins ? undefined : 30) }], 12 * hour)
    const { lostAt } = world.of('a')
    expect(Math.max(...lostAt)).toBeLessThan(begins + hour + 10 * second)
    expect(world.learned.expected('a')).toBeLessThan(longest)
  })

  test('and falls silent costs a round of waits, of which few are long ones', () => {
    const { world } = worldOf(2)
    const peer = { key: 'a', every: 20, answer: (now: number) => (now < 60 * second ? 30 : undefined) }
    world.run([peer], 60 * second)
    const before = world.of('a').held
    const longBefore = world.of('a').longWaits
    world.run([peer], 60 * second)
    expect(world.learned.expected('a')).toBe(0)
    expect(world.of('a').longWaits - longBefore).toBeLessThanOrEqual(20)
    // Of 3,000 closings; no more than 12 of them are full at one time.
    expect(world.of('a').held - before).toBeLessThan(30 * longest)
  })

  test('and becomes much slower loses those of one round, and is then waited for as long as it takes', () => {
    const { world } = worldOf(3)
    world.run([{ key: 'a', every: second, answer: takes(20) }], hour)
    expect(world.of('a').lost).toBe(0)
    world.run([{ key: 'a', every: second, answer: takes(800) }], hour)
    expect(world.of('a').lost).toBeLessThanOrEqual(2)
  })

  test('and becomes faster is waited for less', () => {
    const { world } = worldOf(4)
    world.run([{ key: 'a', every: second, answer: takes(800) }], hour)
    const slow = world.learned.expected('a')
    world.run([{ key: 'a', every: second, answer: takes(20) }], hour)
    expect(world.learned.expected('a')).toBeLessThan(slow / 4)
  })
})

describe('tries', () => {
  test('of a silent peer become rarer, up to a bound', () => {
    const { world } = worldOf(5, { retryAfter: second, retryAtMost: 100 * second })
    world.run([{ key: 'a', every: 100, answer: never }], hour)
    const { tries } = world.learned.counters
    // Seven that double, then one in 100 seconds, each with its wait.
    expect(tries).toBeGreaterThan(30)
    expect(tries).toBeLessThan(45)
  })

  test('are one at a time, however many closings there are', () => {
    const { world } = worldOf(6, { retryAfter: second })
    world.run([{ key: 'a', every: second, answer: never }], 60 * second)
    const before = world.of('a').longWaits
    world.run([{ key: 'a', every: 8 * hour, atOnce: 1000, answer: never }], 24 * hour)
    expect(world.of('a').longWaits - before).toBeLessThan(10)
  })
})

describe('a thousand connections at once', () => {
  test('to a new peer that answers lose nothing', () => {
    const { world } = worldOf(7)
    world.run([{ key: 'a', every: second, atOnce: 1000, answer: takes(900) }], 10 * second)
    expect(world.of('a').closings).toBeGreaterThan(1000)
    expect(world.of('a').lost).toBe(0)
  })

  test('to a new peer that does not answer are enough to know it', () => {
    const { world } = worldOf(8)
    const peer = { key: 'a', every: 10 * second, atOnce: 1000, answer: never }
    world.run([peer], 60 * second)
    expect(world.of('a').longWaits).toBeLessThanOrEqual(2000)
    expect(world.learned.expected('a')).toBe(0)
  })

  test('during an outage of a peer that answers do not make it a silent one', () => {
    const { world } = worldOf(9)
    world.run([{ key: 'a', every: second, answer: takes(20) }], 600 * second)
    // As long as one burst of them.
    const outages = [world.now + 500]
    const isOut = (now: number) => outages.some((end) => now < end)
    world.run([{ key: 'a', every: 200, atOnce: 1000, answer: (now) => (isOut(now) ? undefined : 20) }], 2 * second)
    expect(world.of('a').closings - world.of('a').answers).toBeGreaterThan(999)
    expect(world.learned.expected('a')).toBeGreaterThan(0)
    expect(world.of('a').lost).toBe(0)
  })
})

test.each([
  { name: 'one of two', share: 0.5 },
  { name: 'one of four', share: 0.25 },
  { name: 'nine of ten', share: 0.9 },
])('a load balancer of whose hosts $name answer is waited for, about as long as its slowest takes', ({ share }) => {
  const { world, random } = worldOf(10)
  const answer = () => (random() < share ? [10, 40, 120][Math.floor(random() * 3)] : undefined)
  // Its first answer is known: by chance a new one could be taken for silent until the first try.
  world.run([{ key: 'a', every: second, answer: takes(10) }], 10 * second)
  world.run([{ key: 'a', every: second, ownTime: 120, answer }], 4 * hour)
  const { lost, answers, held, heldByOracle } = world.of('a')
  expect(lost).toBeLessThanOrEqual(answers / 200)
  expect(held / heldByOracle).toBeLessThan(1.6)
})

test('a clock of the day that jumps changes nothing: none is read', () => {
  const { world } = worldOf(11, { retryAfter: second })
  const { now } = Date
  try {
    Date.now = () => 0
    world.run([{ key: 'a', every: second, answer: never }], 100 * second)
    Date.now = () => 8e15
    world.run([{ key: 'a', every: second, answer: never }], 100 * second)
    const { tries, skipped } = world.learned.counters
    expect([tries, skipped > 100]).toEqual([expect.any(Number), true])
    expect(tries).toBeLessThan(10)
    const [peer] = world.learned.exportState().peers
    expect(peer?.retryIn).toBeLessThanOrEqual(100 * second)
  } finally {
    Date.now = now
  }
})
