// Shared by the programs of this folder. They run in processes of their own, on the compiled package.
import { readFileSync, writeSync } from 'node:fs'

const certificates = new URL('../../../../.cache/certificates/', import.meta.url)
export const key = readFileSync(new URL('localhost.key.pem', certificates))
export const cert = readFileSync(new URL('localhost.cert.pem', certificates))

/** Prints a fact; at once, so that it is out whatever happens next. */
export function say(fact) {
  const bytes = Buffer.from(`${JSON.stringify(fact)}\n`)
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at)
    } catch (error) {
      // a pipe that is full
      if (error.code !== 'EAGAIN') throw error
    }
  }
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Every name is 127.0.0.1. */
export function lookup(_host, { all }, callback) {
  if (all) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}
