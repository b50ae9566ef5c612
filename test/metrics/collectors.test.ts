// Collectors as objects: two of them, registries and meters that are given, hosts and their bound, and the end of one.
import { Registry } from 'prom-client'
import { metrics as globalMetrics } from '@opentelemetry/api'
import { channel } from 'node:diagnostics_channel'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closingChannel, closureChannel, closureOf, followedChannel, learnedWaiting } from '../../lib/index.js'
import { allMetrics, metrics, waitBuckets } from '../../lib/metrics/definitions.js'
import { meterClosures, traceClosures } from '../../lib/metrics/opentelemetry.js'
import { collectClosures } from '../../lib/metrics/prometheus.js'
import { connectPair } from '../support/pair.js'
import { turns } from '../support/streams.js'
import { bothRecorders, linesOfRegistry, sdk, waitOfRegistry } from './recorders.js'

/** Ends a connection, whose client alone is followed. */
async function oneClosing(servername?: string): Promise<void> {
  const { client, server, close } = await connectPair({
    version: 'TLSv1.3',
    ...(servername !== undefined && { clientOptions: { servername, checkServerIdentity: () => undefined } }),
  })
  const { report } = closureOf(client)
  client.resume().end()
  server.resume()
  await report
  await close()
  await turns()
}

function expectRefused(call: () => unknown): void {
  expect(call).toThrow(expect.objectContaining({ code: 'ERR_CLOSURE_INVALID_ARGUMENT' }))
}

const closing = 'closures began=local mode=uncontrolled side=client verdict=clean'

describe('prom-client', () => {
  test('two collectors count each closing once each', async () => {
    const [one, two] = [collectClosures(), collectClosures()]
    onTestFinished(one.stop)
    onTestFinished(two.stop)
    await oneClosing()
    expect(await linesOfRegistry(one.register)).toEqual([`${closing} 1`])
    expect(await linesOfRegistry(two.register)).toEqual([`${closing} 1`])
  })

  test('a registry that is given gets the metrics, beside others, and is as it was after stop()', async () => {
    const register = new Registry()
    const collector = collectClosures({ register })
    expect(collector.register).toBe(register)
    const names = Object.values(metrics).map(({ prometheus }) => prometheus)
    expect(
      register
        .getMetricsAsArray()
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...names].sort())
    collector.stop()
    collector.stop()
    expect(await register.metrics()).toBe('\n')
  })

  test('a second collector for one registry is refused, until the first one has stopped', async () => {
    const register = new Registry()
    const first = collectClosures({ register })
    expectRefused(() => collectClosures({ register }))
    await oneClosing()
    expect(await linesOfRegistry(register)).toEqual([`${closing} 1`])
    first.stop()
    const second = collectClosures({ register })
    onTestFinished(second.stop)
    // The stop of a collector takes away nothing of another one's.
    first.stop()
    await oneClosing()
    expect(await linesOfRegistry(register)).toEqual([`${closing} 1`])
  })

  test.each([
    ['register', { register: {} }],
    ['register', { register: { metrics: () => '' } }],
    ['hosts', { hosts: -1 }],
    ['hosts', { hosts: '7' }],
    ['learned', { learned: { counters: {} } }],
    ['learned', { learned: [learnedWaiting(), 7] }],
    ['prefix', { prefix: 'x' }],
  ])('a wrong %s is refused', (_name, options: object) => {
    expectRefused(() => collectClosures(options))
  })
})

describe('OpenTelemetry', () => {
  test('two meters count each closing once each', async () => {
    const [one, two] = [sdk(), sdk()]
    for (const { provider } of [one, two]) onTestFinished(meterClosures({ meter: provider.getMeter('mine') }).stop)
    await oneClosing()
    expect(await one.read()).toEqual([`${closing} 1`])
    expect(await two.read()).toEqual([`${closing} 1`])
  })

  test('a second call for one meter is refused, until the first one has stopped; what was counted stays', async () => {
    const { provider, read } = sdk()
    const meter = provider.getMeter('close-notify')
    const first = meterClosures({ meter })
    expectRefused(() => meterClosures({ meter }))
    await oneClosing()
    first.stop()
    first.stop()
    await oneClosing()
    expect(await read()).toEqual([`${closing} 1`])
    const second = meterClosures({ meter })
    onTestFinished(second.stop)
    await oneClosing()
    expect(await read()).toEqual([`${closing} 2`])
  })

  test('without an SDK nothing is counted and nothing is refused', async () => {
    const [one, two] = [meterClosures(), meterClosures()]
    await oneClosing()
    one.stop()
    two.stop()
  })

  test('by default the meter is that of the global provider', async () => {
    const { provider, read } = sdk()
    globalMetrics.setGlobalMeterProvider(provider)
    onTestFinished(() => globalMetrics.disable())
    onTestFinished(meterClosures().stop)
    await oneClosing()
    expect(await read()).toEqual([`${closing} 1`])
  })

  test.each([
    ['meter', { meter: {} }],
    ['meter', { meter: { createCounter: () => undefined } }],
    ['hosts', { hosts: 0.5 }],
    ['learned', { learned: 1000 }],
    ['register', { register: 1 }],
  ])('a wrong %s is refused', (_name, options: object) => {
    expectRefused(() => meterClosures(options))
  })
})

test('hosts are told apart up to their bound, and those beyond are one', async () => {
  const counted = bothRecorders(2)
  for (const name of ['one.example', 'TWO.example', 'three.example', 'four.example', 'two.example'])
    await oneClosing(name)
  const lines = [
    'closures began=local host=one.example mode=uncontrolled side=client verdict=clean 1',
    'closures began=local host=other mode=uncontrolled side=client verdict=clean 2',
    'closures began=local host=two.example mode=uncontrolled side=client verdict=clean 2',
  ]
  expect(await counted()).toEqual({ prometheus: lines, openTelemetry: lines })
})

test('to the SDK, too, a counter rises alone, and a gauge falls', async () => {
  const { provider, kinds } = sdk()
  const learned = learnedWaiting()
  onTestFinished(meterClosures({ meter: provider.getMeter('mine'), learned }).stop)
  const pair = await connectPair({ version: 'TLSv1.3' })
  pair.server.resume()
  pair.client.resume()
  await closureOf(pair.client).shutdown({ mode: 'bidirectional', waitTimeout: learned })
  await pair.close()
  await turns()
  const found = await kinds()
  const counted = Object.values(allMetrics).filter(({ openTelemetry }) => openTelemetry in found)
  expect(counted.length).toBeGreaterThan(8)
  for (const { openTelemetry, kind } of counted)
    expect([openTelemetry, found[openTelemetry]]).toEqual([openTelemetry, kind])
})

test('cut streams are told apart by host, too', async () => {
  const counted = bothRecorders(1)
  const clientOptions = { servername: 'one.example', checkServerIdentity: () => undefined }
  const { client, server, close } = await connectPair({ version: 'TLSv1.3', clientOptions })
  onTestFinished(close)
  const { report } = closureOf(client)
  client.resume().once('end', () => client.destroy())
  server.destroy()
  await report
  const lines = [
    'closures began=peer host=one.example mode=uncontrolled side=client verdict=truncated 1',
    'truncations cut=between-records host=one.example protocol=TLSv1.3 side=client 1',
  ]
  expect(await counted()).toEqual({ prometheus: lines, openTelemetry: lines })
})

test.each([0, 1])('what has not happened yet is there as 0, with %i hosts', async (hosts) => {
  const { register, stop } = collectClosures({ hosts })
  onTestFinished(stop)
  const { provider, atZero } = sdk()
  onTestFinished(meterClosures({ meter: provider.getMeter('mine'), hosts }).stop)
  const text = await register.metrics()
  const points = await atZero()
  const host = hosts > 0 ? ',host="none"' : ''
  for (const side of ['client', 'server']) {
    const zeros = ['refused', 'discarded', 'undelivered'].map((key) => `${key} side=${side} 0`)
    expect(points).toEqual(expect.arrayContaining(zeros))
    expect(points).toContain(`truncations cut=inside-record protocol=TLSv1.2 side=${side} 0`)
    for (const { prometheus } of [metrics.refused, metrics.discarded, metrics.undelivered])
      expect(text).toContain(`${prometheus}{side="${side}"} 0\n`)
    const labels = `side="${side}",protocol="TLSv1.3",cut="between-records"${host}`
    expect(text).toContain(`${metrics.truncations.prometheus}{${labels}} 0\n`)
  }
})

test('the wait is in seconds, in buckets of seconds', async () => {
  const { register, stop } = collectClosures()
  onTestFinished(stop)
  const { provider, wait } = sdk()
  onTestFinished(meterClosures({ meter: provider.getMeter('mine') }).stop)
  const pair = await connectPair({ version: 'TLSv1.3', serverOptions: { allowHalfOpen: true } })
  pair.client.resume()
  pair.server.resume().once('end', () => setTimeout(() => pair.server.end(), 30))
  const { waited = NaN } = await closureOf(pair.client).shutdown({ mode: 'bidirectional' })
  await closureOf(pair.client).report
  await pair.close()
  await turns()
  expect(waited).toBeGreaterThan(20)
  for (const histogram of [await waitOfRegistry(register), await wait()]) {
    expect(histogram.sum).toBeCloseTo(waited / 1000, 9)
    expect(histogram.buckets).toEqual(waitBuckets)
  }
})

test('after the last stop() nobody subscribes to a channel, and no report is made for one', () => {
  const channels = [closureChannel, closingChannel, followedChannel].map((name) => channel(name))
  const heard = () => channels.map(({ hasSubscribers }) => hasSubscribers)
  expect(heard()).toEqual([false, false, false])
  const atWork = [collectClosures(), meterClosures(), traceClosures(), traceClosures()]
  expect(heard()).toEqual([true, true, true])
  for (const { stop } of atWork) stop()
  expect(heard()).toEqual([false, false, false])
})
