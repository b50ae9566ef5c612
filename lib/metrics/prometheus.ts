export { type ClosureCollector, type ClosureRegistry, collectClosures, type CollectorOptions } from './collector.js'
