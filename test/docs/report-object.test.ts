/** What docs/closure.md says of the report object: the kinds of its unions are those of the types, and the object is one that comes. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import tls from 'node:tls'
import { expect, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { certificate } from '../support/certificate.js'

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
const page = read('docs/closure.md')

test.each([
  ['sent', 'Sent'],
  ['received', 'Received'],
  ['tcp', 'TcpEnd'],
])('the kinds of %s are those of the type %s', (field, type) => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| `([\w-]+)` \|/gm)].filter(([, name]) => name === field)
  expect(rows.map(([, , kind]) => kind)).toEqual(kindsOf(type))
})

test('the object is what comes, but for times', async () => {
  const [, shown = ''] = /^A report as JSON, whole:[^`]*`[^`]*`[^`]*\n\n```json\n([\s\S]*?)^```$/m.exec(page) ?? []
  const report: unknown = JSON.parse(JSON.stringify(await reportOfClient()))
  expect(withoutTimes(JSON.parse(shown)), JSON.stringify(report, undefined, 2)).toEqual(withoutTimes(report))
  // In the order in which they come, too.
  expect([...shown.matchAll(/"(\w+)":/g)].map(([, key]) => key)).toEqual(keysOf(report))
})

/** The literals of `kind` in the union, FatalAlert being one by its name. */
function kindsOf(type: string): readonly string[] {
  const [, union = ''] =
    new RegExp(`^export type ${type} =\n([\\s\\S]*?)\n\n`, 'm').exec(read('lib/report/facts.ts')) ?? []
  return [...union.matchAll(/kind: '([\w-]+)'|\| (FatalAlert)/g)].map(([, kind]) => kind ?? 'fatal-alert')
}

async function reportOfClient(): Promise<unknown> {
  const server = tls.createServer({ key: certificate.key, cert: certificate.cert }, (socket) => socket.resume())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const client = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca: certificate.cert })
  client.resume()
  await once(client, 'secureConnect')
  client.write('the last words')
  const report = await closureOf(client).shutdown({ mode: 'bidirectional' })
  server.close()
  return report
}

/** `at`, `startedAt`, `endedAt` and `waited`, which differ each time. */
function withoutTimes(report: unknown): unknown {
  return JSON.parse(JSON.stringify(report), (key, value: unknown) => {
    if (!/^(at|startedAt|endedAt|waited)$/.test(key)) return value
    expect(value, key).toBeTypeOf('number')
    return 'ms'
  })
}

function keysOf(report: unknown): readonly string[] {
  return [...JSON.stringify(report).matchAll(/"(\w+)":/g)].map(([, key = '']) => key)
}
