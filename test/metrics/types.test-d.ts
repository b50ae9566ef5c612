// The types of the metrics' entries.
import type { Meter } from '@opentelemetry/api'
import type { OpenMetricsContentType, Registry } from 'prom-client'
import { expectTypeOf, test } from 'vitest'
import type { LearnedWaiting } from '../../lib/index.js'
import {
  type ClosureMetering,
  type ClosureTracing,
  meterClosures,
  type MeterOptions,
  traceClosures,
} from '../../lib/metrics/opentelemetry.js'
import { type ClosureCollector, collectClosures, type CollectorOptions } from '../../lib/metrics/prometheus.js'

test('a registry of either format is taken, and what is given back is one', () => {
  expectTypeOf<Registry>().toExtend<NonNullable<CollectorOptions['register']>>()
  expectTypeOf<Registry<OpenMetricsContentType>>().toExtend<NonNullable<CollectorOptions['register']>>()
  expectTypeOf(collectClosures).returns.toEqualTypeOf<ClosureCollector>()
  expectTypeOf<ClosureCollector['register']['metrics']>().returns.resolves.toBeString()
})

test('a meter is that of the API', () => {
  expectTypeOf<MeterOptions['meter']>().toEqualTypeOf<Meter | undefined>()
  expectTypeOf(meterClosures).returns.toEqualTypeOf<ClosureMetering>()
  expectTypeOf(traceClosures).returns.toEqualTypeOf<ClosureTracing>()
})

test('one memory of learned waiting is taken, or several', () => {
  expectTypeOf<CollectorOptions['learned']>().toEqualTypeOf<LearnedWaiting | readonly LearnedWaiting[] | undefined>()
  expectTypeOf<MeterOptions['learned']>().toEqualTypeOf<CollectorOptions['learned']>()
})

test('options that are not known do not compile', () => {
  // @ts-expect-error there is no prefix
  expectTypeOf(collectClosures).toBeCallableWith({ prefix: 'x' })
  // @ts-expect-error a number of hosts is expected
  expectTypeOf(meterClosures).toBeCallableWith({ hosts: true })
})
