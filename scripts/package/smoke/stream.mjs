// Run from a folder in which the packed package is installed: `stream.mjs KEY CERT LIBSSL`
// TLS streams of this runtime, on that libssl, against Node's own TLS in a process of its own: both sides, both versions,
// each way to end.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { connect, createServer, loadOpenSSL } from 'close-notify/stream'
import { runtime } from './runtime.mjs'

const [keyFile, certFile, library] = process.argv.slice(2)
const openssl = loadOpenSSL(library)
const cert = readFileSync(certFile)
const key = readFileSync(keyFile)
// More than any kernel takes at once.
const payload = randomBytes(8 * 1024 * 1024)

const scenarios = {
  async 'data both ways, then a closing in both directions'(sides) {
    const { stream, peer } = await secured(sides, 'echoes')
    const echo = received(stream, payload.length)
    stream.write(payload)
    assert.ok(payload.equals(await echo))
    const report = await stream.shutdown({ mode: 'bidirectional' })
    assert.deepEqual([report.verdict, report.endedBy, report.protocol], ['clean', 'done', sides.version])
    assert.deepEqual(await peer.seen, { bytes: payload.length, isWhole: true, verdict: 'clean' })
  },

  async 'end() behind data'(sides) {
    const { stream, peer } = await secured(sides, 'echoes', { closing: 'bidirectional' })
    stream.resume().end(payload)
    const report = await stream.report
    assert.deepEqual(
      [report.verdict, report.sent.kind, report.received.kind],
      ['clean', 'close_notify', 'close_notify'],
    )
    assert.deepEqual(await peer.seen, { bytes: payload.length, isWhole: true, verdict: 'clean' })
  },

  async 'what nobody reads waits at the peer'(sides) {
    const { stream, peer } = await secured(sides, 'pours')
    stream.write('go')
    // The peer is told to go on once it says that it could not for a while.
    assert.equal(await peer.line(), 'stalled')
    assert.ok(stream.bytesRead < 4 * 1024 * 1024, `received ${stream.bytesRead} bytes that nobody has read`)
    assert.equal(await bytesUntilEnd(stream), 64 * 1024 * 1024)
    assert.equal((await stream.report).verdict, 'clean')
  },

  async 'the peer ends'(sides) {
    const { stream, peer } = await secured(sides, 'ends')
    stream.write('go')
    assert.equal(await text(stream), 'the last words')
    assert.equal((await stream.report).verdict, 'clean')
    assert.deepEqual(await peer.seen, { verdict: 'clean' })
  },

  async 'the peer goes without close_notify'(sides) {
    const { stream } = await secured(sides, 'cuts')
    const chunks = []
    stream.on('data', (chunk) => chunks.push(chunk))
    const failed = once(stream, 'end').then(
      () => 'end',
      ({ code }) => code,
    )
    stream.write('go')
    assert.equal(await failed, 'ERR_TLS_TRUNCATED')
    assert.equal(String(Buffer.concat(chunks)), 'half an answer')
    const { verdict, tcp } = await stream.report
    assert.deepEqual([verdict, tcp.kind, tcp.cut], ['truncated', 'fin', 'between-records'])
  },

  async 'the peer resets the connection'(sides) {
    const { stream } = await secured(sides, 'resets')
    stream.resume().write('go')
    const error = await new Promise((resolve) => stream.once('error', resolve))
    assert.equal(error.code, 'ERR_TLS_TRUNCATED')
    assert.equal((await stream.report).verdict, 'reset')
  },

  async 'unwrap()'(sides) {
    const { stream, peer } = await secured(sides, 'unwraps')
    stream.resume().write('CCC')
    const transport = await stream.unwrap()
    transport.end('from us, in the clear')
    assert.equal(await text(transport), '220 in the clear')
    assert.equal((await stream.report).verdict, 'clean')
    assert.deepEqual(await peer.seen, { asked: 'CCC', inTheClear: 'from us, in the clear' })
  },

  async 'destroy()'(sides) {
    const { stream, peer } = await secured(sides, 'echoes')
    stream.resume().write('the last words')
    await received(stream, 14)
    stream.destroy()
    assert.equal((await stream.report).verdict, 'aborted')
    assert.deepEqual(await peer.seen, { bytes: 14, isWhole: true, verdict: 'truncated' })
  },
}

async function anUntrustedServer(version) {
  const peer = startPeer('serve', 'trusts', version)
  const stream = connect({ port: Number(await peer.line()), host: 'localhost', openssl, maxVersion: version })
  const error = await new Promise((resolve) => stream.once('error', resolve))
  assert.equal(error.code, 'DEPTH_ZERO_SELF_SIGNED_CERT')
  await peer.seen
}

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  for (const side of ['client', 'server']) {
    for (const [name, run] of Object.entries(scenarios)) {
      await reported(`${version}, ${side}: ${name}`, () => run({ side, version }))
    }
  }
  await reported(`${version}, client: a server that is not trusted`, () => anUntrustedServer(version))
}
console.log(`${runtime}, ${openssl.version}: TLS streams against Node's own TLS, all as it has to be`)
process.exit()

async function reported(name, run) {
  // A connection that nobody ends would keep the program waiting for ever.
  const guard = setTimeout(() => {
    console.error(`${runtime}: ${name}: nothing has come for 20 s`)
    process.exit(1)
  }, 20_000)
  try {
    await run()
  } catch (error) {
    console.error(`${runtime}: ${name}: ${error.stack}`)
    process.exit(1)
  }
  clearTimeout(guard)
}

/** A stream of ours, and a peer that behaves so, after the handshake. */
async function secured({ side, version }, how, more = {}) {
  const ours = { openssl, minVersion: version, maxVersion: version, ...more }
  if (side === 'client') {
    const peer = startPeer('serve', how, version)
    const stream = connect({ port: Number(await peer.line()), host: 'localhost', ca: cert, ...ours })
    await once(stream, 'secureConnect')
    assert.equal(stream.authorized, true)
    return { stream, peer }
  }
  const server = createServer({ key, cert, ...ours }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const peer = startPeer('connect', how, version, server.address().port)
  const [stream] = await once(server, 'secureConnection')
  server.close()
  return { stream, peer }
}

function startPeer(...args) {
  const [role, how, version, port = ''] = args
  const child = spawn('node', ['stream-peer.mjs', role, how, version, keyFile, certFile, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async () => (await lines.next()).value
  return {
    line,
    get seen() {
      return line().then((seen) => JSON.parse(seen))
    },
  }
}

async function bytesUntilEnd(stream) {
  let bytes = 0
  for await (const chunk of stream) bytes += chunk.length
  return bytes
}

function received(stream, length) {
  const chunks = []
  let bytes = 0
  return new Promise((resolve) => {
    stream.on('data', function take(chunk) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes < length) return
      stream.off('data', take)
      resolve(Buffer.concat(chunks))
    })
  })
}
