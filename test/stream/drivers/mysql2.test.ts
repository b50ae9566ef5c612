// mysql2, whose option `stream` gives a stream of ours: TLS to a terminator, behind which MariaDB speaks in the clear. The
// TLS of MySQL's own protocol is made by mysql2 itself, by tls.connect().
import { connect as connectTcp } from 'node:net'
import tls from 'node:tls'
import mysql from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { codeOf } from '../../policy/truncation/outcomes.js'
import { certificate } from '../../support/certificate.js'
import { type Mariadb, startMariadb } from '../../support/peers/mariadb.js'
import { lacks } from '../../support/peers/programs.js'
import { once } from '../../support/streams.js'
import { type DriverSocket, listening, type Stack, stacks } from './stacks.js'

const { key, cert } = certificate
// 4 MB.
const thousandRows =
  'WITH RECURSIVE numbers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000) ' +
  "SELECT n, REPEAT('x', 4000) AS filled FROM numbers"

describe.skipIf(lacks('mariadb'))('MariaDB', () => {
  let mariadb: Mariadb

  beforeAll(async () => {
    mariadb = await startMariadb()
  })
  afterAll(() => mariadb.stop())

  describe.each(stacks)('over $name', (stack) => {
    test('queries, prepared ones, and results and parameters of some MiB', async () => {
      const { connection, socket } = await start(stack)
      const text = 'a row of MySQL '.repeat(200_000)
      const [rows] = await connection.query<mysql.RowDataPacket[]>('SELECT LENGTH(?) AS bytes', [text])
      expect(rows[0]?.['bytes']).toBe(text.length)
      const [numbers] = await connection.query<mysql.RowDataPacket[]>(thousandRows)
      expect(numbers.length).toBe(1000)
      const [prepared] = await connection.execute<mysql.RowDataPacket[]>('SELECT ? + 1 AS next', [41])
      expect(prepared).toEqual([{ next: 42 }])
      await connection.end()
      if (!socket.closed) await once(socket, 'close')
      expect(socket.errored).toBe(null)
    })

    test('a pool takes two connections for many queries', async () => {
      const { port, relay } = await terminator()
      const pool = mysql.createPool({ user: 'any', connectionLimit: 2, stream: () => stack.connect(port) })
      onTestFinished(() => pool.end())
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, n) => pool.query<mysql.RowDataPacket[]>('SELECT ? AS n', [n])),
      )
      expect(answers.map(([[row]]): unknown => row?.['n'])).toEqual(Array.from({ length: 10 }, (_, n) => n))
      expect(relay.wires.length).toBe(2)
    })

    test.each(['fin', 'rst'] as const)('a query that %s cuts fails', async (how) => {
      const { connection, wire } = await start(stack)
      const asked = connection.query('SELECT SLEEP(20)').catch(codeOf)
      wire.cut('server', { afterBytes: 0, with: how })
      const ofNode = how === 'fin' ? 'PROTOCOL_CONNECTION_LOST' : 'ECONNRESET'
      expect(await asked).toBe(stack.isOurs ? 'ERR_TLS_TRUNCATED' : ofNode)
    })
  })

  async function start(stack: Stack) {
    const { port, relay } = await terminator()
    let socket: DriverSocket | undefined
    const stream = () => (socket = stack.connect(port))
    const connection = await mysql.createConnection({ user: 'any', stream })
    onTestFinished(() => connection.destroy())
    connection.on('error', () => undefined)
    if (socket === undefined) throw new Error('Expected mysql2 to ask for a stream')
    return { connection, socket, wire: await relay.nextWire() }
  }

  function terminator() {
    const server = tls.createServer({ key, cert }, (socket) => {
      const database = connectTcp(mariadb.port, '127.0.0.1')
      socket.pipe(database).pipe(socket)
      socket.on('error', () => database.destroy())
      database.on('error', () => socket.destroy())
    })
    return listening(server)
  }
})
