// A row of PostgreSQL, and end().
import pg from 'pg'
import { ca, host, port } from '../kit.mjs'
import { connections } from './kit.mjs'

await connections(async () => {
  const client = new pg.Client({ host, port, user: 'postgres', database: 'postgres', ssl: { ca } })
  await client.connect()
  await client.query('SELECT 1')
  return () => client.end()
})
