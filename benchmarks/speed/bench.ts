/** `npm run bench -- NAME [OPTIONS]`: runs a program of this folder. */
const programs: Readonly<Record<string, () => Promise<unknown>>> = {
  load: () => import('./load/load.js'),
  lookup: () => import('./lookup/lookup.js'),
  'close-latency': () => import('./close-latency/close-latency.js'),
  memory: () => import('./memory/memory.js'),
  'policy-load': () => import('./policy/policy-load.js'),
  'policy-keep-alive': () => import('./policy/policy-keep-alive.js'),
  'engine-shutdown': () => import('./engine/engine-shutdown.js'),
  'engine-bulk': () => import('./engine/engine-bulk.js'),
  'ten-thousand': () => import('./ten-thousand/ten-thousand.js'),
}

const [name = ''] = process.argv.splice(2, 1)
const program = programs[name]
if (program === undefined) {
  process.stderr.write(`Usage: npm run bench -- ${Object.keys(programs).join('|')} [--help]\n`)
  process.exitCode = 2
} else await program()
