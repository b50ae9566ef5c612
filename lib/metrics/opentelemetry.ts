export { type ClosureMetering, meterClosures, type MeterOptions } from './metering.js'
export { type ClosureTracing, closedEvent, traceClosures } from './traces.js'
