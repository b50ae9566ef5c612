// Removes what the compiler wrote, so that no output of a source that is gone ends up in the package.
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { helpIfAsked } from '../support/help.mjs'

helpIfAsked('Usage: node scripts/package/clean.mjs\n\nRemoves dist/.\n')

rmSync(fileURLToPath(new URL('../../dist', import.meta.url)), { recursive: true, force: true })
