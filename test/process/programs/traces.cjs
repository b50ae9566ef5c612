// OpenTelemetry as a program sets it up in a preload: its hooks for http, net and undici, and the spans that they made.
const { InMemorySpanExporter, BasicTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base')
const { registerInstrumentations } = require('@opentelemetry/instrumentation')
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http')
const { NetInstrumentation } = require('@opentelemetry/instrumentation-net')
const { UndiciInstrumentation } = require('@opentelemetry/instrumentation-undici')

const exporter = new InMemorySpanExporter()
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const instrumentations = [new HttpInstrumentation(), new NetInstrumentation(), new UndiciInstrumentation()]
registerInstrumentations({ tracerProvider, instrumentations })

process.on('exit', () => {
  const spans = exporter.getFinishedSpans().map(({ name, kind }) => `${name} ${kind}`)
  process.stdout.write(`${JSON.stringify({ spans: spans.sort() })}\n`)
})
