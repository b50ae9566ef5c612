/** https.get of a cut response, read in each of the ways that people read. */
import type { IncomingMessage } from 'node:http'
import { type Agent, get } from 'node:https'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { codeOf, type Outcome } from './outcomes.js'

export type HttpsReader = 'events' | 'pipeline' | 'for await'

export interface HttpsTarget {
  readonly host: string
  readonly port: number
  readonly agent: Agent
}

export function httpsGet({ host, port, agent }: HttpsTarget, reader: HttpsReader): Promise<Outcome> {
  const outcome: Outcome = { body: '', passed: false, ended: false }
  return new Promise((resolve) => {
    let reading: Promise<void> | undefined
    const request = get({ host: '127.0.0.1', port, servername: host, agent }, (response) => {
      response.once('end', () => (outcome.ended = true))
      reading = readers[reader](response, (text) => (outcome.body += text)).then(
        () => {
          outcome.passed = true
        },
        (error: unknown) => {
          outcome.error = codeOf(error)
        },
      )
      response.once('close', () => (outcome.complete = response.complete))
    })
    request.on('error', (error) => (outcome.requestError = codeOf(error)))
    request.once('close', () => {
      void Promise.resolve(reading).then(() => {
        // what would be emitted too late is seen too
        setImmediate(() => resolve(outcome))
      })
    })
  })
}

type Reader = (response: IncomingMessage, take: (text: string) => void) => Promise<void>

const readers: Readonly<Record<HttpsReader, Reader>> = {
  events: (response, take) =>
    new Promise((resolve, reject) => {
      response.on('data', (chunk: Buffer) => take(chunk.toString()))
      response.once('end', resolve)
      response.once('error', reject)
    }),
  pipeline: (response, take) => {
    const sink = new Writable({
      write(chunk: Buffer, _encoding, callback) {
        take(chunk.toString())
        callback()
      },
    })
    return pipeline(response, sink)
  },
  'for await': async (response, take) => {
    for await (const chunk of response) take(String(chunk))
  },
}
