// pg, whose option `stream` gives a stream of ours that begins TLS as PostgreSQL wants it: after an SSLRequest in the clear.
import { connect as connectTcp } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Postgres, startPostgres } from '../../policy/frameworks/postgres.js'
import { codeOf } from '../../policy/truncation/outcomes.js'
import { lacks } from '../../support/peers/programs.js'
import { startRelay } from '../../support/relay.js'
import { once } from '../../support/streams.js'
import { type DriverSocket, type Stack, stacks } from './stacks.js'

const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

describe.skipIf(lacks('postgresql'))('PostgreSQL', () => {
  let postgres: Postgres

  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres.stop())

  describe.each(stacks)('over $name', (stack) => {
    test('queries, and results and parameters of some MiB', async () => {
      const { client, socket } = await start(stack)
      const text = 'a row of PostgreSQL '.repeat(150_000)
      const { rows } = await client.query<{ readonly bytes: number }>('SELECT length($1) AS bytes', [text])
      expect(rows).toEqual([{ bytes: text.length }])
      const numbers = await client.query("SELECT n, repeat('x', 100) AS filled FROM generate_series(1, 20000) n")
      expect(numbers.rows.length).toBe(20_000)
      const secure = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
      expect(secure.rows).toEqual([{ ssl: true }])
      await client.end()
      if (!socket.closed) await once(socket, 'close')
    })

    test.each(['fin', 'rst'] as const)('a query that %s cuts fails', async (how) => {
      const { client, wire } = await start(stack)
      const asked = client.query('SELECT pg_sleep(20)').catch(codeOf)
      wire.cut('server', { afterBytes: 0, with: how })
      const ofNode = how === 'fin' ? 'Connection terminated unexpectedly' : 'ECONNRESET'
      expect(await asked).toBe(stack.isOurs ? 'ERR_TLS_TRUNCATED' : ofNode)
    })

    test('a server that ends the session is heard before its end', async () => {
      const { client, errors } = await start(stack)
      const other = await start(stack)
      const { rows } = await client.query<{ readonly pid: number }>('SELECT pg_backend_pid() AS pid')
      const ended = new Promise((resolve) => void client.once('end', resolve))
      await other.client.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
      await ended
      expect(errors).toEqual(['57P01', 'Connection terminated unexpectedly'])
    })
  })

  async function start(stack: Stack) {
    const relay = await startRelay({ port: postgres.port })
    onTestFinished(relay.close)
    const socket = await secured(stack, relay.port)
    const client = new pg.Client({ user: 'postgres', database: 'postgres', stream: () => socket })
    const errors: string[] = []
    client.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? error.message))
    await client.connect()
    onTestFinished(() => client.end())
    return { client, socket, errors, wire: await relay.nextWire() }
  }
})

async function secured(stack: Stack, port: number): Promise<DriverSocket> {
  const tcp = connectTcp({ port, host: '127.0.0.1' })
  tcp.write(sslRequest)
  const answer = await new Promise((resolve) => void tcp.once('data', resolve))
  tcp.pause()
  expect(String(answer)).toBe('S')
  const socket = stack.secure(tcp)
  // pg connects what it is given.
  const connect = () => process.nextTick(() => socket.emit('connect'))
  return Object.assign(socket, { connect })
}
