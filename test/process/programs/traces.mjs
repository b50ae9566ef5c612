// The same with OpenTelemetry's hook for ES modules.
import { register } from 'node:module'

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url)
await import('./traces.cjs')
