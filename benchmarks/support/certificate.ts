/**
 * A key and its self-signed certificate for `localhost`, for benchmarks on 127.0.0.1 and nothing else. They are made by
 * the first process of a benchmark; its children are given them in `credentialsEnvironment`, so that a client knows the
 * server's.
 */
import { type Credentials, credentialsFor } from '../../lib/lab/credentials.js'

const variable = 'CLOSE_NOTIFY_BENCHMARK_CREDENTIALS'
const credentials = inherited() ?? (await credentialsFor('localhost'))

export const key = credentials.key
export const certificate = credentials.cert

/** To be added to the environment of each child. */
export const credentialsEnvironment: Readonly<Record<string, string>> = { [variable]: JSON.stringify(credentials) }

function inherited(): Credentials | undefined {
  const text = process.env[variable]
  if (text === undefined) return undefined
  const given: unknown = JSON.parse(text)
  if (typeof given !== 'object' || given === null || !('key' in given) || !('cert' in given)) return undefined
  return { key: String(given.key), cert: String(given.cert) }
}
