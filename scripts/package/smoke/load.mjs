// Run from a folder in which the packed package is installed: `import` and `require` give the same module.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import * as imported from 'close-notify'

const required = createRequire(import.meta.url)('close-notify')
assert.equal(typeof imported.closureOf, 'function')
assert.equal(required.closureOf, imported.closureOf)
assert.deepEqual(
  Object.keys(required)
    .filter((name) => name !== '__esModule')
    .sort(),
  Object.keys(imported).sort(),
)
console.log(`Node ${process.versions.node}: import and require give ${Object.keys(imported).sort().join(', ')}`)
