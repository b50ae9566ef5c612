/** `npm run bench -- NAME [OPTIONS]`: runs one of these programs, of which each folder holds those of one question. */
import { outliveReaders } from '../../../lib/cli/stdout.js'
import { closeLatency } from './close-latency/main.js'
import { policyMemory } from './connection-memory/main.js'
import { engineBulk } from './engine/bulk.js'
import { engineShutdown } from './engine/shutdown.js'
import { policyHttp2 } from './http2/main.js'
import { load } from './load/main.js'
import { lookup } from './lookup/main.js'
import { memory } from './memory/main.js'
import { policyAllocations } from './policy/allocations.js'
import { policyAgent, policyAgentStrict, policyKeepAlive, policyKeepAliveStrict } from './policy/keep-alive.js'
import { policyLoad, policyLoadBidirectional, policyLoadListener } from './policy/load.js'
import { policyPerf } from './policy/perf.js'
import { policyProfiles } from './policy/profile.js'
import { probing } from './probing/main.js'
import { runProgram } from './program.js'
import { shutdownLatency } from './shutdown-latency/main.js'
import { streamPrograms } from './stream/main.js'
import { tenThousand } from './ten-thousand/main.js'

const programs = [
  load,
  lookup,
  closeLatency,
  memory,
  shutdownLatency,
  policyLoad,
  policyLoadListener,
  policyLoadBidirectional,
  policyKeepAlive,
  policyKeepAliveStrict,
  policyAgent,
  policyAgentStrict,
  policyHttp2,
  policyMemory,
  ...policyProfiles,
  ...policyPerf,
  ...policyAllocations,
  engineShutdown,
  engineBulk,
  tenThousand,
  probing,
  ...streamPrograms,
]

const names = programs.map(({ description }) => description.name)
const usage = `Usage: npm run bench -- ${names.join('|')} [--help]\n`
const widest = Math.max(...names.map((name) => name.length))
const list = programs.map(({ description: { name, question } }) => `  ${name.padEnd(widest)}  ${question}\n`)

outliveReaders()
const [name] = process.argv.splice(2, 1)
const program = programs.find(({ description }) => description.name === name)
if (program !== undefined) await runProgram(program)
else if (name === '--help') process.stdout.write([usage, '\n', ...list].join(''))
else {
  process.stderr.write(usage)
  process.exitCode = 2
}
