// The same work with the other driver of MariaDB.
import mariadb from 'mariadb'
import { ca, host, ours, policy, port, step } from './kit.mjs'

const connecting = ours?.closingConnect(policy)
const options = { host, port, user: 'any', ssl: connecting ? connecting({ ca }) : { ca } }

const pool = mariadb.createPool({ ...options, connectionLimit: 2, minimumIdle: 2 })
await step('rows', async () => {
  const answers = await Promise.all([1, 2, 3, 4].map((n) => pool.query('SELECT ? AS n', [n])))
  return answers.map(([row]) => Number(row.n))
})
await step('prepared', async () => Number((await pool.execute('SELECT ? + 1 AS next', [41]))[0].next))
await step('a large row', async () => (await pool.query("SELECT REPEAT('x', 2000000) AS filled"))[0].filled.length)
await step('the pool ends', () => pool.end())

const connection = await mariadb.createConnection(options)
const lost = new Promise((resolve) => connection.on('error', (error) => resolve(error.code)))
await step('a wrong query', () => connection.query('SELECT FROM nothing'))
await step('its own end, killed', () => connection.query('KILL CONNECTION_ID()'))
await step('the error that follows', () => lost)
await step('ended all the same', () => connection.end())

const aborted = await mariadb.createConnection(options)
await step('destroyed', () => aborted.destroy())
