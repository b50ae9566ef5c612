// Run from a folder in which the packed package is installed, on a runtime whose TLS is not OpenSSL.
// The module has to load there, and what needs OpenSSL has to throw an error that says why.
import assert from 'node:assert/strict'
import tls from 'node:tls'
import { closureOf } from 'close-notify'
import { runtime } from './runtime.mjs'

let thrown
try {
  closureOf(new tls.TLSSocket())
} catch (error) {
  thrown = error
}
assert.equal(thrown?.code, 'ERR_CLOSURE_UNSUPPORTED_RUNTIME', `expected that code, received ${String(thrown)}`)
console.log(`${runtime}: ${thrown.message}`)
