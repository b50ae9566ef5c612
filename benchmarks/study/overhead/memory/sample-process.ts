/** A sample of main.ts: `with|without COUNT`. Answers with the bytes by which malloc's main arena grew. */
import { readFileSync } from 'node:fs'
import { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'
import { certificate, key } from '../../../support/certificate.js'
import { answerParent } from '../numbers.js'

const [side, countText] = process.argv.slice(2)
const count = Number(countText)
const context = tls.createSecureContext({ key, cert: certificate })
const kept: unknown[] = []

function addSockets(number: number): void {
  for (let i = 0; i < number; i++) {
    const dead = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
    kept.push(new tls.TLSSocket(dead, { isServer: true, secureContext: context }))
  }
}

/** The memory that glibc's malloc holds in its main arena: the mapping [heap], in which no JavaScript object lives. */
async function heapBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.()
    await sleep(20)
  }
  const mapping = /\[heap\]\n[\s\S]*?^Rss:\s+(\d+) kB/m.exec(readFileSync('/proc/self/smaps', 'utf8'))
  if (mapping === null) throw new Error('Expected a mapping [heap]: this count needs Linux and glibc')
  return 1024 * Number(mapping[1])
}

/** A lookup of a Finished message that nobody has meets every SSL there is. */
async function meetAll(): Promise<void> {
  if (side !== 'with') return
  const { findByFinished } = await import('../../../../lib/native/addon.js')
  findByFinished(new Uint8Array(32))
}

async function measure(): Promise<readonly number[]> {
  addSockets(500)
  await meetAll()
  const before = await heapBytes()
  addSockets(count)
  await meetAll()
  return [(await heapBytes()) - before]
}

if (side === 'with') await import('../../../../lib/index.js')
answerParent({ measure })
