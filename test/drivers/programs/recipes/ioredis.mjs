// A value of Redis, and quit().
import Redis from 'ioredis'
import { host, port } from '../kit.mjs'
import { connections } from './kit.mjs'

await connections(async () => {
  const redis = new Redis({ host, port, tls: {} })
  await redis.incr('n')
  return () => redis.quit()
})
