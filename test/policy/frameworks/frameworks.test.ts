import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ClosurePolicy } from '../../../lib/policy/policy.js'
import type { TlsVersion } from '../../support/pair.js'
import { alternatives, type Column, columns, documentedRows } from './documented.js'
import { lacks } from '../../support/peers/programs.js'
import { type Postgres, startPostgres } from './postgres.js'
import { observe, type Observed } from './program.js'

const policies: Readonly<Record<Column, ClosurePolicy | undefined>> = {
  'stock Node': undefined,
  bidirectional: { mode: 'bidirectional' },
  'and close_notify on destroy': { mode: 'bidirectional', onDestroy: 'close_notify', onTruncation: 'error' },
}

const major = Number(process.versions.node.split('.')[0])

interface Case {
  readonly program: string
  readonly scenario: string
  /** The program's own account of its work, the same under every policy. */
  readonly facts: unknown
  /** Where the policy changes that on purpose. */
  readonly strictFacts?: unknown
}

function whole(bytes: number) {
  return { status: 200, bytes, ended: true }
}

function webSocket(echoed: number, code: number) {
  return { echoed, errors: [], codes: [code, code] }
}

const fastifyAnswer = whole(800_000)
const fastifyHttp2Answer = { status: 200, bytes: 800_000, errors: [] }
const expressAnswer = whole(1_600_000)
const proxied = whole(700_000)
const echoed = 200 * 4096
const mailed = { accepted: ['b@example.org'], received: [true], errors: [] }
// Each row has its number and 100 bytes of text.
const sum = (20_000 * 20_001) / 2 + 20_000 * 100

const cases: readonly Case[] = [
  { program: 'fastify', scenario: 'Connection: close', facts: fastifyAnswer },
  { program: 'fastify', scenario: 'app.close(), idle connection', facts: fastifyAnswer },
  {
    program: 'fastify',
    scenario: 'app.close(), forceCloseConnections, half a response',
    facts: { status: 200, bytes: 4, ended: false, error: 'ECONNRESET' },
  },
  { program: 'fastify', scenario: 'keepAliveTimeout', facts: fastifyAnswer },
  { program: 'fastify', scenario: 'http2, client closes', facts: fastifyHttp2Answer },
  { program: 'fastify', scenario: 'http2, app.close(), forceCloseConnections', facts: fastifyHttp2Answer },
  { program: 'express', scenario: 'Connection: close', facts: expressAnswer },
  { program: 'express', scenario: 'response.end(() => server.close())', facts: expressAnswer },
  { program: 'express', scenario: 'server.close(), idle connection', facts: expressAnswer },
  { program: 'express', scenario: 'server.closeAllConnections()', facts: expressAnswer },
  { program: 'express', scenario: 'agent.destroy(), policy on the client', facts: [expressAnswer, expressAnswer] },
  { program: 'express', scenario: 'Connection: close, policy on the client', facts: expressAnswer },
  { program: 'ws', scenario: 'client.close(), policy on the server', facts: webSocket(echoed, 1000) },
  { program: 'ws', scenario: 'server closes, policy on the client', facts: webSocket(echoed + 4096, 1001) },
  { program: 'ws', scenario: 'server.terminate(), policy on the server', facts: webSocket(echoed, 1006) },
  { program: 'ws', scenario: 'client.terminate(), policy on the client', facts: webSocket(echoed, 1006) },
  { program: 'http-proxy', scenario: 'Connection: close from the browser', facts: { answer: proxied, errors: [] } },
  { program: 'http-proxy', scenario: 'agent without keepAlive', facts: { answer: proxied, errors: [] } },
  {
    program: 'http-proxy',
    scenario: 'keep-alive agent, agent.destroy()',
    facts: { answers: [proxied, proxied], errors: [] },
  },
  { program: 'http-proxy', scenario: 'WebSocket through the proxy', facts: { echo: 'hello', code: 1000, errors: [] } },
  {
    program: 'http-proxy',
    scenario: 'target cuts its response',
    // Half a body, handed on as a whole one.
    facts: { answer: whole(70_000), errors: [] },
    strictFacts: {
      answer: { status: 200, bytes: 70_000, ended: false, error: 'ECONNRESET' },
      errors: ['ERR_TLS_TRUNCATED'],
    },
  },
  { program: 'pg', scenario: 'client.end()', facts: { sum, errors: [] } },
  {
    program: 'pg',
    scenario: 'client.end() during a query',
    facts: { sum, failure: 'Connection terminated', errors: [] },
  },
  {
    program: 'pg',
    scenario: 'server terminates the connection',
    facts: { sum, errors: ['57P01', 'Connection terminated unexpectedly'] },
  },
  { program: 'pg', scenario: 'pool.end()', facts: { sums: [sum, sum, sum], errors: [] } },
  { program: 'nodemailer', scenario: 'secure: true, policy on the client', facts: mailed },
  { program: 'nodemailer', scenario: 'pool, transporter.close(), policy on the client', facts: mailed },
  { program: 'nodemailer', scenario: 'STARTTLS, close(), policy on the client', facts: mailed },
  { program: 'nodemailer', scenario: 'STARTTLS, policy on the server', facts: mailed },
  { program: 'nodemailer', scenario: 'STARTTLS, QUIT, policy on the server', facts: mailed },
  { program: 'nodemailer', scenario: 'secure: true, policy on the server', facts: mailed },
]

const rows = documentedRows()

it('documents every scenario, and no other', () => {
  const named = ({ program, scenario }: { readonly program: string; readonly scenario: string }) =>
    `${program}: ${scenario}`
  expect(rows.map(named)).toEqual(cases.map(named))
})

describe.each(['fastify', 'express', 'ws', 'http-proxy', 'pg', 'nodemailer'])('%s', (program) => {
  const isLeftOut = program === 'pg' && lacks('postgresql')
  let postgres: Postgres | undefined
  beforeAll(async () => {
    if (program === 'pg' && !isLeftOut) postgres = await startPostgres()
  })
  afterAll(() => postgres?.stop())

  const runs = cases.filter((one) => one.program === program)

  it.skipIf(isLeftOut).each(runs)('$scenario', async (run) => {
    const env = postgres === undefined ? {} : { POSTGRES_PORT: String(postgres.port) }
    await Promise.all(columns.map((column) => check(run, column, 'TLSv1.3', env)))
  })

  it.skipIf(isLeftOut).each(runs)('$scenario, TLS 1.2', async (run) => {
    const env = postgres === undefined ? {} : { POSTGRES_PORT: String(postgres.port) }
    await check(run, 'and close_notify on destroy', 'TLSv1.2', env)
  })
})

// A program can act differently while the machine is busy with others: its peer, which is stock, then overtakes it. Its
// account of its own work may not differ once.
const attempts = 3

async function check(
  { program, scenario, facts, strictFacts }: Case,
  column: Column,
  version: TlsVersion,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const row = rows.find((one) => one.program === program && one.scenario === scenario)
  const documented = alternatives(row?.cells[column] ?? '', major)
  let unlike: readonly string[] = []
  for (let attempt = 0; attempt < attempts; attempt++) {
    const seen = await observe({ program, scenario, version, policy: policies[column], env })
    expect(seen.facts, column).toEqual(policies[column]?.onTruncation === 'error' ? (strictFacts ?? facts) : facts)
    unlike = linesOf(seen, policies[column])
      .filter((lines) => !lines.some((line) => documented.includes(line)))
      .flatMap(([line]) => line ?? [])
    if (unlike.length === 0) return
  }
  expect(unlike, `${column}, not as documented: ${documented.join(' or ')}`).toEqual([])
}

/** Each connection of a run as the table would have it: as it was seen first. */
function linesOf({ wires, verdicts }: Observed, policy: ClosurePolicy | undefined): readonly (readonly string[])[] {
  expect(wires.length, 'connections').toBeGreaterThan(0)
  expect(verdicts.length, 'reports').toBe(policy === undefined ? 0 : wires.length)
  const verdictOf = (i: number) => (policy === undefined ? '' : ` *${verdicts[i] ?? ''}*`)
  return wires.map((readings, i) => readings.map((reading) => `\`${reading}\`${verdictOf(i)}`))
}
