// pg before a PostgreSQL that speaks TLS. The policy is on the TLSSocket that pg makes after the server has said yes.
import pg from 'pg'
import { control, relayed, run, sleep, trust } from './support.mjs'

const serverPort = Number(process.env.POSTGRES_PORT)
const rows = 20_000
const select = `select n, repeat('x', 100) as text from generate_series(1, ${rows}) as n`

async function config() {
  const { host, ...ssl } = trust
  return { host, port: await relayed(serverPort), user: 'postgres', database: 'postgres', ssl }
}

async function connected() {
  const client = new pg.Client(await config())
  const errors = []
  client.on('error', (error) => errors.push(error.code ?? error.message))
  await client.connect()
  control(client.connection.stream)
  return { client, errors }
}

async function query(client) {
  const result = await client.query(select)
  return result.rows.reduce((sum, { n, text }) => sum + n + text.length, 0)
}

await run({
  'client.end()': async () => {
    const { client, errors } = await connected()
    const sum = await query(client)
    await client.end()
    return { sum, errors }
  },
  'client.end() during a query': async () => {
    const { client, errors } = await connected()
    const sum = await query(client)
    const failure = client.query('select pg_sleep(1)').catch((error) => error.message)
    await sleep(200)
    await client.end()
    return { sum, failure: await failure, errors }
  },
  'server terminates the connection': async () => {
    const { client, errors } = await connected()
    const sum = await query(client)
    const { rows: found } = await client.query('select pg_backend_pid() as pid')
    const admin = new pg.Client({ host: '127.0.0.1', port: serverPort, user: 'postgres', database: 'postgres' })
    await admin.connect()
    const ended = new Promise((resolve) => client.once('end', resolve))
    await admin.query('select pg_terminate_backend($1)', [found[0].pid])
    await admin.end()
    await ended
    return { sum, errors }
  },
  'pool.end()': async () => {
    const pool = new pg.Pool({ ...(await config()), max: 3 })
    const errors = []
    pool.on('connect', (client) => control(client.connection.stream))
    pool.on('error', (error) => errors.push(error.code ?? error.message))
    const sums = await Promise.all([query(pool), query(pool), query(pool)])
    await pool.end()
    return { sums, errors }
  },
})
