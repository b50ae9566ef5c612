/**
 * The client of keep-alive.ts whose cost is measured: `PORT COUNT SIDE`. It makes its requests through an https agent that
 * keeps its connections; `stock` is without the package. Answers with milliseconds and the connections made.
 */
import https from 'node:https'
import type { ClosurePolicy } from '../../../../lib/index.js'
import { certificate } from '../../../support/certificate.js'
import { policies } from './policies.js'
import { collectReports } from './reports.js'
import { answerParent, cpuTime } from '../numbers.js'

const [portText, countText, side = ''] = process.argv.slice(2)
const count = Number(countText)
const concurrency = 8
const agent = new https.Agent({ keepAlive: true, maxSockets: concurrency })
const policy = policies.get(side)
const controls = policy === undefined ? [] : [await controlAgent(policy)]
const options = { host: '127.0.0.1', port: Number(portText), servername: 'localhost', ca: certificate, agent }
let connections = 0

async function controlAgent(given: ClosurePolicy) {
  const { controlClosure } = await import('../../../../lib/index.js')
  return controlClosure(agent, given)
}

function request(): Promise<void> {
  return new Promise((resolve, reject) => {
    const made = https.get(options, (response) => {
      let text = ''
      if (!made.reusedSocket) connections++
      response.setEncoding('latin1').on('data', (part: string) => {
        text += part
      })
      response.once('error', reject)
      response.once('end', () => {
        if (text === 'hello\n') resolve()
        else reject(new Error(`Expected a whole response, received ${JSON.stringify(text)}`))
      })
    })
    made.once('error', reject)
  })
}

async function run(): Promise<readonly number[]> {
  const before = connections
  let left = count
  const work = async (): Promise<void> => {
    while (left-- > 0) await request()
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: concurrency }, work))
  return [performance.now() - began, connections - before]
}

const collect = collectReports(side, controls)

answerParent({
  // As much again: code is optimised late.
  'warm-up': run,
  go: run,
  cpu: cpuTime,
  reports: () => {
    agent.destroy()
    return collect()
  },
})
