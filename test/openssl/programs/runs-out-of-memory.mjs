// Calls that need more memory than the process may have: what each throws, and that the process goes on. Argument: the
// libssl, or nothing. Linux: the limit is set by prlimit(1), once there is an input to feed.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { loadOpenSSL } from '../../../dist/lib/openssl/index.js'

const certificates = new URL('../../../.cache/certificates/', import.meta.url)
const cert = readFileSync(new URL('localhost.cert.pem', certificates))
const key = readFileSync(new URL('localhost.key.pem', certificates))
const openssl = loadOpenSSL(process.argv[2] || undefined)
const contexts = {
  client: openssl.createContext({ side: 'client' }),
  server: openssl.createContext({ side: 'server', cert, key }),
}
// V8 ends the process where it finds no memory itself. So all is called once before, which compiles it: while the output
// of a failed write still fills the memory, nothing more is to be compiled.
outcomesWith(Buffer.alloc(1))
const pairs = Array.from({ length: 4 }, connected)
const huge = Buffer.alloc(600e6)
const size = Number(/VmSize:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024
execFileSync('prlimit', ['--pid', String(process.pid), `--as=${size + 300e6}`])

console.log(JSON.stringify(outcomesWith(huge, pairs)))

function outcomesWith(bytes, [first, second, third, fourth] = Array.from({ length: 4 }, connected)) {
  return {
    receive: [outcome(() => first.client.receive(bytes)), conversation(first)],
    write: [outcome(() => writeAndFree(second.client, bytes)), conversation(third)],
    pump: [outcome(() => fourth.client.pump(bytes)), outcome(() => fourth.client.pump(Buffer.alloc(1)))],
  }
}

function writeAndFree(ssl, bytes) {
  try {
    ssl.write(bytes)
  } finally {
    ssl.free()
  }
}

function connected() {
  const pair = { client: contexts.client.createSsl(), server: contexts.server.createSsl() }
  let output = pair.client.pump().output
  for (let i = 0; i < 6; i++) output = (i % 2 === 0 ? pair.server : pair.client).pump(output).output
  return pair
}

function conversation({ client, server }) {
  client.write(Buffer.from('hello'))
  return String(server.pump(client.transmit()).plaintext)
}

function outcome(call) {
  try {
    call()
    return 'done'
  } catch (error) {
    return error.code ?? String(error)
  }
}
