// How a connection ended as an event of a span, by OpenTelemetry's own SDK: which span gets it, when, and what it says.
import { AsyncLocalStorage } from 'node:async_hooks'
import { Agent, get } from 'node:https'
import { type Context, type ContextManager, context, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { closureOf, controlClosure } from '../../lib/index.js'
import { closedEvent, traceClosures } from '../../lib/metrics/opentelemetry.js'
import { listen } from '../closure/servers.js'
import { httpsServer } from '../policy/harness.js'
import { connectStreams, streamSides } from '../stream/pair.js'
import { certificate } from '../support/certificate.js'
import { connectPair, type Pair } from '../support/pair.js'
import { turns } from '../support/streams.js'

// As the SDK for Node has it.
class Contexts implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>()
  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT
  }
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    active: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#storage.run(active, () => fn.apply(thisArg, args))
  }
  bind<T>(_active: Context, target: T): T {
    return target
  }
  enable(): this {
    return this
  }
  disable(): this {
    this.#storage.disable()
    return this
  }
}

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const tracer = provider.getTracer('test')

beforeAll(() => {
  context.setGlobalContextManager(new Contexts())
})
afterAll(async () => {
  context.disable()
  await provider.shutdown()
})

/** Runs that with a span of that name as the active one; it records until the test ends it. */
function inSpan<T>(name: string, run: () => T): { readonly result: T; readonly end: () => void } {
  const span = tracer.startSpan(name)
  return { result: context.with(trace.setSpan(context.active(), span), run), end: () => span.end() }
}

/** The events of all spans that have ended since, by the names of these. */
async function eventsOf(): Promise<Readonly<Record<string, readonly object[]>>> {
  await turns()
  const spans = exporter.getFinishedSpans()
  exporter.reset()
  return Object.fromEntries(
    spans.map(({ name, events }) => [name, events.map((event) => ({ name: event.name, ...event.attributes }))]),
  )
}

async function pair(): Promise<Pair> {
  const made = await connectPair({ version: 'TLSv1.3' })
  onTestFinished(made.close)
  made.client.resume()
  made.server.resume()
  return made
}

describe('traceClosures()', () => {
  test('the span in which the closing began gets the event, with verdict and facts', async () => {
    onTestFinished(traceClosures().stop)
    const { client } = await pair()
    const { report } = closureOf(client)
    const { end } = inSpan('closes', () => void closureOf(client).shutdown({ mode: 'bidirectional' }))
    const { endedAt, startedAt, waited } = await report
    await turns()
    end()
    const events = await eventsOf()
    expect(events).toEqual({
      closes: [
        {
          name: closedEvent,
          'close_notify.verdict': 'clean',
          'close_notify.mode': 'bidirectional',
          'close_notify.side': 'client',
          'close_notify.began': 'local',
          'tls.protocol.version': '1.3',
          'close_notify.sent': 'close_notify',
          'close_notify.received': 'close_notify',
          'close_notify.ended_by': 'done',
          'close_notify.duration': (endedAt - startedAt) / 1000,
          ...(waited !== undefined && { 'close_notify.wait.duration': waited / 1000 }),
          'close_notify.undelivered': 0,
        },
      ],
    })
  })

  test('under a policy it is the span in which the program ends its stream', async () => {
    onTestFinished(traceClosures().stop)
    const { client } = await pair()
    controlClosure(client, { mode: 'bidirectional' })
    const { report } = closureOf(client)
    const { end } = inSpan('ends', () => void client.end('bye'))
    await report
    await turns()
    end()
    expect(await eventsOf()).toMatchObject({ ends: [{ 'close_notify.verdict': 'clean' }] })
  })

  test('where that span is over, or there was none, it is the one in which the connection was followed', async () => {
    onTestFinished(traceClosures().stop)
    const { client } = await pair()
    const followed = inSpan('follows', () => closureOf(client).report)
    const closes = inSpan('closes', () => void closureOf(client).shutdown({ mode: 'bidirectional' }))
    closes.end()
    await followed.result
    await turns()
    followed.end()
    expect(await eventsOf()).toMatchObject({ closes: [], follows: [{ name: closedEvent }] })
  })

  test('where both record it is the one in which the closing began, at the time when it had ended', async () => {
    onTestFinished(traceClosures().stop)
    const { client } = await pair()
    const followed = inSpan('follows', () => closureOf(client).report)
    const closes = inSpan('closes', () => void closureOf(client).shutdown({ mode: 'bidirectional' }))
    const { endedAt } = await followed.result
    await turns()
    for (const { end } of [closes, followed]) end()
    const spans = exporter.getFinishedSpans()
    const times = spans.flatMap(({ events }) =>
      events.map(({ time: [seconds, nanoseconds] }) => seconds * 1000 + nanoseconds / 1e6),
    )
    expect(times).toHaveLength(1)
    expect(times[0]).toBeCloseTo(performance.timeOrigin + endedAt, 1)
    expect(await eventsOf()).toMatchObject({ closes: [{ name: closedEvent }], follows: [] })
  })

  test('what it has noted ends with it: one that begins later knows nothing of that', async () => {
    const first = traceClosures()
    const { client } = await pair()
    const { result, end } = inSpan('follows', () => closureOf(client).report)
    first.stop()
    onTestFinished(traceClosures().stop)
    client.end()
    await result
    await turns()
    end()
    expect(await eventsOf()).toEqual({ follows: [] })
  })

  test('where none records any more there is no event, and no complaint', async () => {
    onTestFinished(traceClosures().stop)
    const { client } = await pair()
    const { result, end } = inSpan('follows', () => closureOf(client).report)
    end()
    client.end()
    await result
    expect(await eventsOf()).toEqual({ follows: [] })
  })

  test('a TlsStream', async () => {
    onTestFinished(traceClosures().stop)
    const [sides] = streamSides
    if (sides === undefined) throw new Error('expected a library')
    const { local, peer } = await connectStreams(sides)
    peer.resume()
    const { end } = inSpan('ends', () => void local.resume().end())
    await local.report
    await turns()
    end()
    expect(await eventsOf()).toMatchObject({
      ends: [{ 'close_notify.verdict': 'clean', 'close_notify.side': 'client' }],
    })
  })

  test("under an agent's policy it is the span in which the request was made", async () => {
    onTestFinished(traceClosures().stop)
    const server = httpsServer('TLSv1.3', (_request, response) => response.end('hello'))
    const port = await listen(server)
    const agent = new Agent({ ca: certificate.cert })
    const control = controlClosure(agent)
    onTestFinished(() => {
      control.stop()
    })
    const closed = new Promise((resolve) => control.once('closure', resolve))
    const { end } = inSpan('requests', () => {
      get({ port, host: '127.0.0.1', servername: certificate.host, agent }, (response) => response.resume())
    })
    await closed
    await turns()
    end()
    expect(await eventsOf()).toMatchObject({ requests: [{ 'close_notify.side': 'client' }] })
  })

  test('two calls add one event, until both have stopped', async () => {
    const [one, two] = [traceClosures(), traceClosures()]
    one.stop()
    one.stop()
    for (const expected of [1, 0]) {
      const { client } = await pair()
      const { result, end } = inSpan('follows', () => closureOf(client).report)
      client.end()
      await result
      await turns()
      end()
      expect((await eventsOf())['follows']).toHaveLength(expected)
      two.stop()
    }
  })

  test('without an SDK nothing happens', async () => {
    onTestFinished(traceClosures().stop)
    const { client } = await pair()
    const { report } = closureOf(client)
    client.end()
    expect(await report).toMatchObject({ verdict: 'clean' })
  })
})
