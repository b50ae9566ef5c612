// A client of MariaDB: a pool, rows, a prepared statement, and a connection that the server kills.
import mysql from 'mysql2/promise'
import { ca, host, ours, policy, port, step } from './kit.mjs'

const options = { host, port, user: 'any', ssl: { ca } }

const pool = mysql.createPool({ ...options, connectionLimit: 2 })
if (ours) pool.on('connection', (connection) => ours.controlClosure(connection.stream, policy))
await step('rows', async () => {
  const answers = await Promise.all([1, 2, 3, 4].map((n) => pool.query('SELECT ? AS n', [n])))
  return answers.map(([[row]]) => row.n)
})
await step('prepared', async () => (await pool.execute('SELECT ? + 1 AS next', [41]))[0][0].next)
await step('a large row', async () => {
  const [[row]] = await pool.query("SELECT REPEAT('x', 2000000) AS filled")
  return row.filled.length
})
await step('the pool ends', () => pool.end())

const connection = await mysql.createConnection(options)
if (ours) ours.controlClosure(connection.connection.stream, policy)
const lost = new Promise((resolve) => connection.on('error', (error) => resolve(error.code)))
await step('a wrong query', () => connection.query('SELECT FROM nothing'))
await step('its own end, killed', () => connection.query('KILL CONNECTION_ID()'))
await step('the error that follows', () => lost)
connection.destroy()

const aborted = await mysql.createConnection(options)
if (ours) ours.controlClosure(aborted.connection.stream, policy)
await step('destroyed', () => aborted.destroy())
