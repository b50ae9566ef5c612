// Calls the engine at random, in every state, with arguments right and wrong, while bytes pass between two SSLs whole, in
// parts, damaged, twice or not at all, contexts and sessions are freed and garbage is collected. Nothing may be thrown but
// a ClosureError, and the process lives. Arguments: the libssl, or '' for the process's own; seconds to run; the first
// round's seed, from which on they count; a file that has the last calls, whatever happens; native code that is loaded
// beside it, as ssl-dup.c of test/hazards is. A round can be run alone, and tells its calls:
//   node --expose-gc test/openssl/programs/calls-at-random.mjs LIBSSL 0 SEED
import { openSync, readFileSync, writeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { ClosureError, loadOpenSSL } from '../../../dist/lib/openssl/index.js'
import { contextOptions, endings, junk, sslCalls, sslOptions, tamper } from './random/calls.mjs'
import { chance, pick, random, seed } from './random/numbers.mjs'

const [libssl = '', seconds = '1', first = '1', lastCalls, beside] = process.argv.slice(2)
const certificates = new URL('../../../.cache/certificates/', import.meta.url)
const identity = {
  cert: readFileSync(new URL('localhost.cert.pem', certificates)),
  key: readFileSync(new URL('localhost.key.pem', certificates)),
}
const openssl = loadOpenSSL(libssl || undefined)
if (beside !== undefined) loadNativeCode(beside)
const isAlone = Number(seconds) === 0
const log = lastCalls === undefined ? undefined : openSync(lastCalls, 'w')
const nothing = Buffer.alloc(0)
const opposite = { client: 'server', server: 'client' }

let round = Number(first)
let calls = 0
let thrown = 0
const states = {}
const methodsInStates = new Set()
const begun = new WeakSet()
const failed = new WeakSet()
const ended = new WeakSet()

// --- A round ---

class Round {
  #sessions = chance(2) ? ready.map((der) => ask(openssl, 'sessionFrom', der)) : []
  // Most often that of both sides.
  #version = pick(['TLSv1.2', 'TLSv1.3'])
  #contexts
  #pair
  #held = { client: nothing, server: nothing }
  #first = pick(['client', 'server'])

  constructor() {
    this.#contexts = { client: this.#makeContext('client'), server: this.#makeContext('server') }
    this.#pair = { client: this.#makeSsl('client'), server: this.#makeSsl('server') }
  }

  async run() {
    const all = Object.values(beginnings)
    for (const step of all[round % all.length]) this.#begin(step)
    for (let left = 10 + random(40); left > 0; left--) {
      this.#step(pick(['client', 'server']))
      if (chance(400)) {
        global.gc?.()
        // An object that is dropped without free() goes when the event loop turns.
        await setImmediate()
      }
    }
    const { client, server } = this.#contexts
    for (const object of [this.#pair.client, this.#pair.server, client, server, ...this.#sessions]) {
      if (chance(2)) ask(object, 'free')
    }
  }

  #begin(named) {
    const step = named.replace('other ', '')
    const side = step === named ? this.#first : opposite[this.#first]
    const ssl = this.#pair[side]
    if (step === 'handshake') this.#shakeHands(4)
    else if (step === 'flight') this.#shakeHands(1)
    else if (step === 'deliver') this.#transfer(side)
    else if (step === 'damage') ask(this.#pair[opposite[side]], 'receive', Buffer.from('no record'))
    else if (step === 'half') this.#transferHalf(side)
    else if (step === "half of the server's flight") {
      ask(this.#pair.client, 'doHandshake')
      this.#transfer('client')
      ask(this.#pair.server, 'doHandshake')
      this.#transferHalf('server')
      ask(this.#pair.client, 'doHandshake')
    } else ask(ssl, step, ...sslCalls[step](this.#sessions, this.#allContexts()))
  }

  #step(side) {
    if (chance(4)) this.#transferAtRandom(side)
    else if (chance(40)) this.#pair[side] = this.#makeSsl(side)
    else if (chance(60)) this.#contexts[side] = this.#makeContext(side)
    else if (chance(20)) this.#shakeHands(1 + random(4))
    else if (chance(8)) this.#touchSessions()
    else if (chance(30)) this.#touchContext(side)
    else this.#callSsl(this.#pair[side])
  }

  #makeContext(side) {
    return ask(openssl, 'createContext', contextOptions(openssl, side, this.#version, identity))
  }

  #makeSsl(side) {
    return ask(this.#contexts[side], 'createSsl', chance(50) ? pick(junk()) : sslOptions(openssl, this.#sessions))
  }

  #shakeHands(flights) {
    for (let flight = 0; flight < flights; flight++) {
      for (const from of ['client', 'server']) {
        ask(this.#pair[from], 'doHandshake')
        this.#transfer(from)
      }
    }
  }

  #transferAtRandom(from) {
    if (chance(50)) this.#deliver(from, tamper(this.#taken(from)))
    else if (chance(6)) this.#transferHalf(from)
    else this.#deliver(opposite[from], tamper(this.#taken(from)))
  }

  #transfer(from) {
    this.#deliver(opposite[from], [this.#taken(from)])
  }

  // The rest comes with the next transfer.
  #transferHalf(from) {
    const bytes = this.#taken(from)
    const at = random(bytes.length + 1)
    this.#held[from] = bytes.subarray(at)
    this.#deliver(opposite[from], [bytes.subarray(0, at)])
  }

  #taken(from) {
    const bytes = Buffer.concat([this.#held[from], ask(this.#pair[from], 'transmit') ?? nothing])
    this.#held[from] = nothing
    return bytes
  }

  #deliver(side, parts) {
    const to = this.#pair[side]
    for (const part of parts) {
      if (chance(3)) {
        const pumped = ask(to, 'pump', part)
        // A view of memory that the addon writes to.
        if (pumped !== undefined && chance(20)) ask(to, pick(['pump', 'receive', 'write']), pumped.output)
      } else {
        ask(to, 'receive', part)
        if (chance(3)) ask(to, 'read')
      }
    }
  }

  #callSsl(ssl) {
    const method = pick(methods)
    if (endings.includes(method) && !chance(10)) return
    note(ssl, method)
    const result = ask(ssl, method, ...(chance(30) ? junk() : sslCalls[method](this.#sessions, this.#allContexts())))
    if (method === 'getSession' && result !== undefined) this.#sessions.push(result)
  }

  #allContexts() {
    return Object.values(this.#contexts)
  }

  #touchSessions() {
    const session = pick(this.#sessions)
    const method = pick(['isResumable', 'toBuffer', 'toBuffer', 'toBuffer', 'free'])
    const der = ask(session, method)
    if (method !== 'toBuffer' || der === undefined || der.length === 0) return
    if (chance(2)) der[random(der.length)] ^= 1 << random(8)
    const copy = ask(openssl, 'sessionFrom', der.subarray(0, chance(8) ? random(der.length) : der.length))
    if (copy !== undefined) this.#sessions.push(copy)
  }

  #touchContext(side) {
    const method = pick(['setQuietShutdown', 'getQuietShutdown', 'free'])
    ask(this.#contexts[side], method, chance(2))
  }
}

// Those that change something more often than those that only ask.
const methods = Object.keys(sslCalls).flatMap((name) => (asks(name) ? [name] : [name, name, name]))
const done = ['handshake']
function asks(method) {
  return /^(get(?!Session)|is|in|has|pending|sessionReused|output|renegotiatePending)/.test(method)
}

const beginnings = {
  fresh: [],
  handshake: ["half of the server's flight"],
  'handshake, all of the flight': ['flight'],
  'connected, first': done,
  connected: done,
  'connected, with data': [...done, 'write', 'write'],
  'with a session': [...done, 'read', 'getSession'],
  renegotiating: [...done, 'renegotiate', 'doHandshake', 'half'],
  'half-closed': [...done, 'shutdown', 'deliver', 'other read'],
  closed: [...done, 'shutdown', 'deliver', 'other read', 'other shutdown', 'other deliver', 'read'],
  failed: [...done, 'damage', 'other read', 'other deliver', 'read'],
  'failed in the handshake': ['flight', 'damage', 'doHandshake'],
  truncated: [...done, 'receiveEof', 'read'],
  held: ['holdClientHello', 'other holdClientHello', 'flight'],
  quiet: [...done, 'setQuietShutdown', 'shutdown'],
  freed: ['free'],
}

// --- A call ---

function ask(object, method, ...args) {
  if (object === undefined) return undefined
  calls++
  remember(object, method, args)
  if (moving.includes(method)) begun.add(object)
  try {
    const result = object[method](...args)
    if (method === 'receiveEof') ended.add(object)
    if (moving.includes(method) && isFatal((result.result ?? result).error)) failed.add(object)
    return result
  } catch (error) {
    if (!(error instanceof ClosureError)) throw new Error(`${method} of round ${round} threw`, { cause: error })
    thrown++
    return undefined
  }
}

const moving = ['doHandshake', 'read', 'peek', 'write', 'pump']
const isFatal = (error) => ['SSL_ERROR_SSL', 'SSL_ERROR_SYSCALL'].includes(error)

// At once, so that it is out whatever happens next: a ring of lines.
function remember(object, method, args) {
  if (log === undefined && !isAlone) return
  const what = `${object.constructor.name} ${object.context?.side ?? object.side ?? ''}.${method}`
  const line = `${round} ${calls} ${what}(${args.map(textOf).join(', ')})`
  if (isAlone) writeSync(1, `${JSON.stringify(line)}\n`)
  if (log !== undefined) writeSync(log, `${line.slice(0, 158).padEnd(159)}\n`, (calls % 40) * 160)
}

function textOf(value) {
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.keys(value).join(' ')
}

function note(ssl, method) {
  if (ssl === undefined) return
  const state = stateOf(ssl)
  states[state] = (states[state] ?? 0) + 1
  methodsInStates.add(`${state} ${method}`)
}

function stateOf(ssl) {
  const shutdown = ask(ssl, 'getShutdown')
  if (shutdown === undefined) return 'freed'
  if (failed.has(ssl)) return 'failed'
  if (ssl.getQuietShutdown()) return 'quiet'
  if (ended.has(ssl)) return 'ended'
  if (ssl.renegotiatePending()) return 'renegotiating'
  if (ssl.inInit()) return begun.has(ssl) ? 'handshake' : 'fresh'
  return ['connected', 'sent close_notify', 'received close_notify', 'closed'][shutdown]
}

function loadNativeCode(file) {
  try {
    process.dlopen({ exports: {} }, file)
  } catch (error) {
    // It is no addon, and was loaded nevertheless.
    if (!/self-register/.test(error.message)) throw error
  }
}

/** A session of each version, as bytes. */
function readySessions() {
  return ['TLSv1.2', 'TLSv1.3'].map((version) => {
    const range = { minVersion: version, maxVersion: version }
    const client = openssl.createContext({ side: 'client', ...range }).createSsl()
    const server = openssl.createContext({ side: 'server', ...range, ...identity }).createSsl()
    for (let flight = 0; flight < 4; flight++) {
      server.receive(client.pump().output)
      client.receive(server.pump().output)
    }
    client.read()
    return client.getSession().toBuffer()
  })
}

// Until then every state was met.
const fewestRounds = 200
const ready = readySessions()
const end = performance.now() + Number(seconds) * 1000
do {
  seed(round)
  await new Round().run()
  round++
  if (round % 10 === 0) await setImmediate()
} while (performance.now() < end || (!isAlone && round < Number(first) + fewestRounds))
console.log(
  JSON.stringify({
    rounds: round - Number(first),
    calls,
    thrown,
    states,
    methodsInStates: methodsInStates.size,
    megabytes: Math.round(process.memoryUsage.rss() / 1e6),
  }),
)
