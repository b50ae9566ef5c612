// npm's "prepare" step: builds the addon of a checkout and compiles it after an installation. npm runs it while it packs,
// too, behind prepack.mjs, which has compiled already.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { helpIfAsked } from '../support/help.mjs'
import { kept } from './checkout.mjs'

helpIfAsked(`Usage: node scripts/package/prepare.mjs

Builds the addon where it is older than its sources, and compiles lib/, benchmarks/ and what else runs from dist/.
`)

if (!existsSync(kept)) {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const build = join(root, 'scripts/install/build.mjs')
  execFileSync(process.execPath, [build, '--if-needed'], { cwd: root, stdio: 'inherit' })
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
}
