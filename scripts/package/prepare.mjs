// npm's "prepare" step: compiles the checkout after an installation. npm runs it while it packs, too, behind prepack.mjs,
// which has compiled already.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { helpIfAsked } from '../support/help.mjs'
import { kept } from './checkout.mjs'

helpIfAsked(`Usage: node scripts/package/prepare.mjs

Compiles lib/, benchmarks/ and what else runs from dist/.
`)

if (!existsSync(kept)) {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
}
