// The calls of docs/openssl-states.md, by the first column of its tables: what each throws, or gives, on this build. The
// connection is used and closed afterwards. Arguments: the libssl, or '' for the process's own; another one, if there is.
import { readFileSync } from 'node:fs'
import { loadOpenSSL } from '../../../dist/lib/openssl/index.js'

const [libssl, other] = process.argv.slice(2)
const certificates = new URL('../../../.cache/certificates/', import.meta.url)
const cert = readFileSync(new URL('localhost.cert.pem', certificates))
const key = readFileSync(new URL('localhost.key.pem', certificates))
const openssl = loadOpenSSL(libssl || undefined)
const hello = Buffer.from('hello')
const detached = new Uint8Array(8)
structuredClone(detached, { transfer: [detached.buffer] })

const guarded = {
  'any call after `SSL_free`, `SSL_CTX_free`, `SSL_SESSION_free`': (version) => {
    const { client, server, context } = connected(version)
    const session = client.getSession()
    for (const object of [session, client, server, context]) object.free()
    return [
      ...methodsOf(client).flatMap((method) => [() => client[method](...argumentsOf(method, session))]),
      ...['isResumable', 'toBuffer'].map((method) => () => session[method]()),
      ...['createSsl', 'getQuietShutdown'].map((method) => () => context[method]()),
      () => context.setQuietShutdown(true),
    ]
  },
  '`SSL_set_session` once the handshake has begun': (version) => {
    const session = connected(version).client.getSession()
    return [fresh(version, 'began'), fresh(version, 'flight'), connected(version), failed(version)].map(
      ({ client }) =>
        () =>
          client.setSession(session),
    )
  },
  '`SSL_set_session` on a server': (version) => {
    const session = connected(version).client.getSession()
    return [fresh(version), fresh(version, 'flight'), connected(version)].map(
      ({ server }) =>
        () =>
          server.setSession(session),
    )
  },
  '`SSL_set_session` with a session of another library': (version) => {
    if (other === undefined) return []
    const session = connected(version, loadOpenSSL(other || undefined)).client.getSession()
    return [() => fresh(version).client.setSession(session), () => fresh(version).context.createSsl({ session })]
  },
  '`SSL_set_SSL_CTX` but while the ClientHello waits': (version) => [
    ...inEveryState(version, (ssl) => ssl.answerClientHello()),
    ...inEveryState(version, (ssl) => ssl.answerClientHello({ context: serversContext(version) })),
  ],
  '`SSL_CTX_set_client_hello_cb` once the handshake has begun, or on a client': (version) => [
    ...everyState(version).map(
      ({ client }) =>
        () =>
          client.holdClientHello(),
    ),
    ...[fresh(version, 'flight'), connected(version)].map(
      ({ server }) =>
        () =>
          server.holdClientHello(),
    ),
  ],
  '`SSL_set_SSL_CTX` with a context of another library, or of a client': (version) => {
    const { server, context } = held(version)
    return [
      () => server.answerClientHello({ context }),
      ...(other === undefined
        ? []
        : [() => server.answerClientHello({ context: serversContext(version, loadOpenSSL(other || undefined)) })]),
    ]
  },
  '`SSL_set_shutdown` that clears a flag': (version) => {
    const { client } = connected(version)
    client.setShutdown(3)
    return [0, 1, 2].map((mask) => () => client.setShutdown(mask))
  },
  '`SSL_set_shutdown` of other bits': (version) => both(connected(version), (ssl) => ssl.setShutdown(4)),
  '`SSL_export_keying_material` before there are keys': (version) => [
    ...both(fresh(version), exported),
    ...both(fresh(version, 'began'), exported),
    ...(version === 'TLSv1.2' ? both(fresh(version, 'flight'), exported) : []),
    ...(version === 'TLSv1.2' && openssl.kind === 'OpenSSL' ? both(renegotiating(), exported) : []),
  ],
  '`SSL_export_keying_material` of no bytes, or of more than TLS 1.3 can give': (version) =>
    [0, 8161, 2 ** 40].flatMap((length) => both(connected(version), (ssl) => ssl.exportKeyingMaterial(length, 'x'))),
  '`SSL_key_update` of another type': (version) => both(connected(version), (ssl) => ssl.keyUpdate(2)),
  '`SSL_read`, `SSL_peek` of more than the memory': (version) =>
    ['read', 'peek'].flatMap((method) => both(connected(version), (ssl) => ssl[method](65_537))),
  '`SSL_CTX_set_num_tickets` of millions': () => [() => openssl.createContext({ side: 'server', tickets: 2e6 })],
  '`SSL_CTX_set_alpn_protos` of an empty name': () => [() => openssl.createContext({ side: 'client', alpn: [''] })],
  'text with a NUL in it': (version) => [
    ...['servername', 'verifyHost'].map((name) => () => fresh(version).context.createSsl({ [name]: 'a\0b' })),
    () => openssl.createContext({ side: 'client', ciphers: 'a\0b' }),
  ],
  'bytes of a detached array': (version) => [
    ...['write', 'receive', 'pump'].flatMap((method) => both(connected(version), (ssl) => ssl[method](detached))),
    () => openssl.sessionFrom(detached),
  ],
  'bytes of the peer after its end': (version) => {
    const pair = connected(version)
    for (const ssl of [pair.client, pair.server]) ssl.receiveEof()
    return ['receive', 'pump'].flatMap((method) => both(pair, (ssl) => ssl[method](hello)))
  },
  'a function that the build lacks': (version) => [
    ...Object.entries(optional)
      .filter(([name]) => !openssl.has(name))
      .flatMap(([, call]) => both(connected(version), call)),
  ],
}

const optional = {
  SSL_shutdown_ex: (ssl) => ssl.shutdownEx(),
  SSL_verify_client_post_handshake: (ssl) => ssl.verifyClientPostHandshake(),
  SSL_rstate_string: (ssl) => ssl.getRecordState(),
}

const exported = (ssl) => ssl.exportKeyingMaterial(32, 'EXPERIMENTAL')
const everyState = (version) => [
  ...[fresh(version), fresh(version, 'began'), fresh(version, 'flight'), connected(version), failed(version)],
  ...(version === 'TLSv1.2' && openssl.kind === 'OpenSSL' ? [renegotiating()] : []),
]
const inEveryState = (version, call) => everyState(version).flatMap((pair) => both(pair, call))

const asItIs = {
  '`SSL_shutdown` in the handshake': (version) => both(fresh(version, 'flight'), (ssl) => ssl.shutdown()),
  '`SSL_shutdown` after a fatal error': (version) => both(failed(version), (ssl) => ssl.shutdown()),
  '`SSL_write` of no bytes': (version) => both(connected(version), (ssl) => ssl.write(Buffer.alloc(0))),
  '`SSL_write` after `SSL_ERROR_WANT_WRITE` with other bytes': (version) =>
    [hello, Buffer.alloc(20_000), Buffer.alloc(30_000)].map((bytes) => () => {
      const { client } = connected(version, openssl, { maxOutput: 1000 })
      client.write(Buffer.alloc(20_000, 'x'))
      client.transmit()
      return client.write(bytes)
    }),
  '`SSL_write` after `SSL_shutdown`': (version) =>
    both(connected(version), (ssl) => [ssl.shutdown(), ssl.write(hello)][1]),
  '`SSL_read`, `SSL_peek` of no bytes': (version) =>
    ['read', 'peek'].flatMap((method) => inEveryState(version, (ssl) => ssl[method](0))),
  '`SSL_do_handshake`, `SSL_read`, `SSL_write` after a fatal error': (version) =>
    ['doHandshake', 'read', 'write'].flatMap((method) =>
      both(failed(version), (ssl) => ssl[method](...argumentsOf(method))),
    ),
  '`SSL_key_update` in TLS 1.2, or before the handshake': (version) =>
    inEveryState(version, (ssl) => ssl.keyUpdate('update_requested')),
  '`SSL_renegotiate` in TLS 1.3, or before the handshake': (version) =>
    inEveryState(version, (ssl) => ssl.renegotiate()),
  '`SSL_verify_client_post_handshake` of a client, in TLS 1.2, or before the handshake': (version) =>
    openssl.has('SSL_verify_client_post_handshake')
      ? inEveryState(version, (ssl) => ssl.verifyClientPostHandshake())
      : [],
  '`SSL_get1_session` in the handshake': (version) => inEveryState(version, (ssl) => ssl.getSession()?.toBuffer()),
  '`SSL_get_verify_result` without a certificate': (version) => inEveryState(version, (ssl) => ssl.getVerifyResult()),
  '`SSL_set_verify` in the handshake': (version) => inEveryState(version, (ssl) => ssl.setVerify('peer')),
  'questions in every state: `SSL_get_shutdown`, `SSL_pending`, `SSL_get_version` and the like': (version) =>
    questions.flatMap((method) => inEveryState(version, (ssl) => ssl[method]())),
}

const questions = [
  ...['getShutdown', 'getQuietShutdown', 'pending', 'hasPending', 'inInit', 'renegotiatePending', 'getStateString'],
  ...['getVersion', 'getCipher', 'getAlpn', 'getServername', 'getPeerCertificate', 'sessionReused', 'inputPending'],
  ...['outputPending', 'takeEvents', 'getVerifyMode', 'getCertificate', 'getPeerChain', 'getTrustedIssuers'],
  'getClientHello',
]

// --- States ---

let pairs = []

function fresh(version, until = '', library = openssl, sslOptions = {}) {
  const range = { minVersion: version, maxVersion: version }
  const options =
    library.kind === 'OpenSSL' && library.versionNumber >= 0x3000_0000
      ? { options: ['ALLOW_CLIENT_RENEGOTIATION'] }
      : {}
  const context = library.createContext({ side: 'client', ...range })
  const server = library.createContext({ side: 'server', ...range, cert, key, ...options }).createSsl()
  const pair = { context, client: context.createSsl(sslOptions), server }
  if (until !== '') server.receive(pair.client.pump().output)
  // The client has the server's flight in parts, and the server has sent it.
  if (until === 'flight') {
    server.doHandshake()
    pair.client.pump(server.transmit().subarray(0, 200))
  }
  pairs.push(pair)
  return pair
}

function serversContext(version, library = openssl) {
  return library.createContext({ side: 'server', minVersion: version, maxVersion: version, cert, key })
}

function held(version) {
  const pair = fresh(version)
  pair.server.holdClientHello()
  pair.server.pump(pair.client.pump().output)
  return pair
}

function connected(version, library = openssl, sslOptions = {}) {
  const pair = fresh(version, '', library, sslOptions)
  pass(pair)
  return pair
}

function renegotiating() {
  const pair = connected('TLSv1.2')
  pair.client.renegotiate()
  pair.client.doHandshake()
  pair.server.pump(pair.client.transmit())
  return pair
}

function failed(version) {
  const pair = connected(version)
  for (const ssl of [pair.client, pair.server]) ssl.pump(Buffer.from('no record'))
  return pair
}

function pass({ client, server }) {
  let output = client.pump().output
  for (let i = 0; i < 8; i++) output = (i % 2 === 0 ? server : client).pump(output).output
}

// --- Calls ---

function both({ client, server }, call) {
  return [client, server].map((ssl) => () => call(ssl))
}

function methodsOf(object) {
  const prototypes = []
  for (let each = object; each !== null; each = Object.getPrototypeOf(each)) {
    if (each !== object && each !== Object.prototype) prototypes.push(each)
  }
  return prototypes
    .flatMap((prototype) => Object.entries(Object.getOwnPropertyDescriptors(prototype)))
    .filter(([name, { value }]) => typeof value === 'function' && !['constructor', 'free'].includes(name))
    .map(([name]) => name)
}

function argumentsOf(method, session) {
  const known = {
    ...{
      write: [hello],
      writeAndTransmit: [hello],
      receive: [hello],
      setSession: [session],
      setShutdown: [3],
      setQuietShutdown: [true],
      tellTickets: [true],
    },
    ...{ setVerify: ['none'], keyUpdate: ['update_requested'], exportKeyingMaterial: [32, 'x'] },
  }
  return known[method] ?? []
}

function outcomeOf(call) {
  try {
    const result = call()
    return result?.error === undefined ? 'returned' : `${result.value} ${result.error}`
  } catch (error) {
    return error.code ?? String(error)
  }
}

for (const [kind, rows] of Object.entries({ guarded, asItIs })) {
  for (const [row, callsOf] of Object.entries(rows)) {
    const outcomes = ['TLSv1.2', 'TLSv1.3'].flatMap((version) => {
      pairs = []
      const found = callsOf(version).map(outcomeOf)
      for (const pair of pairs) use(pair)
      return found
    })
    console.log(JSON.stringify({ kind, row, outcomes: [...new Set(outcomes)].sort(), calls: outcomes.length }))
  }
}

// All other calls can be made after any of them.
function use(pair) {
  outcomeOf(() => pass(pair))
  for (const ssl of [pair.client, pair.server]) {
    for (const method of ['write', 'read', 'shutdown', 'transmit', 'getSession', 'free']) {
      outcomeOf(() => ssl[method](...argumentsOf(method)))
    }
  }
}
