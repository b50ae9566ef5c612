// npm's "prepack" step: makes what the package carries, the prebuilt binary and a dist/ without anything that an older
// source has left there. What is in their place is kept for postpack.mjs.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { helpIfAsked } from '../support/help.mjs'
import { keepFolders, restoreFolders } from './checkout.mjs'

helpIfAsked(`Usage: node scripts/package/prepack.mjs

Puts dist/ and prebuilds/ aside, and makes those of the package. postpack.mjs brings them back.
`)

const root = fileURLToPath(new URL('../..', import.meta.url))

keepFolders()
try {
  const run = (...args) => execFileSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  run(join(root, 'scripts/package/prebuild.mjs'), '--if-stale')
  run(join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json')
} catch (error) {
  // npm runs no postpack after a prepack that has failed.
  restoreFolders()
  throw error
}
