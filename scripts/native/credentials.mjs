// Makes the keys and certificates of the native harness and the fuzzer, in build/native/credentials:
// test/native/program/credentials.h says what each is. check.mjs does it before it builds; by hand:
//
//   node scripts/native/credentials.mjs
import { createPrivateKey } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeCredentials } from '../../dist/lib/lab/credentials.js'

const folder = fileURLToPath(new URL('../../build/native/credentials/', import.meta.url))

if (process.argv[1] === fileURLToPath(import.meta.url)) await makeNativeCredentials()

export async function makeNativeCredentials() {
  const root = await makeCredentials({ host: 'root.test', ca: true })
  const intermediate = await makeCredentials({ host: 'intermediate.test', ca: true, signer: root })
  const leaf = await makeCredentials({ host: 'leaf.test', ca: false, signer: intermediate })
  const other = await makeCredentials({ host: 'other.test', ca: false })
  const encryption = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'right' }
  const files = {
    'root.cert.pem': root.cert,
    'leaf.chain.pem': leaf.cert + intermediate.cert,
    'leaf.key.pem': leaf.key,
    'leaf.encrypted-key.pem': createPrivateKey(leaf.key).export(encryption),
    'other.key.pem': other.key,
  }
  mkdirSync(folder, { recursive: true })
  for (const [name, pem] of Object.entries(files)) writeFileSync(join(folder, name), pem)
}
