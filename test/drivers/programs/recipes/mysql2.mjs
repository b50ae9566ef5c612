// A row of MariaDB, and end().
import mysql from 'mysql2/promise'
import { ca, host, port } from '../kit.mjs'
import { connections } from './kit.mjs'

await connections(async () => {
  const connection = await mysql.createConnection({ host, port, user: 'any', ssl: { ca } })
  await connection.query('SELECT 1')
  return () => connection.end()
})
