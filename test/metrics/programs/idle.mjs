// Metrics and traces that are never stopped keep no process alive; prints what they have added to what keeps one alive.
import { collectClosures } from 'close-notify/metrics/prometheus'
import { meterClosures, traceClosures } from 'close-notify/metrics/opentelemetry'

// It is made when it is first asked for.
const { stdout } = process
const before = process.getActiveResourcesInfo()
collectClosures()
meterClosures()
traceClosures()
stdout.write(`${JSON.stringify({ before: before.join(), after: process.getActiveResourcesInfo().join() })}\n`)
