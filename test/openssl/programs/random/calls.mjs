// The calls of the engine, each with random arguments, most of them right.
import { chance, maybe, pick, random } from './numbers.mjs'

const text = Buffer.alloc(100_000, 'some text that is sent. ')
const lengths = [0, 1, 5, 100, 16_384, 65_536, undefined]

/** Options of openssl.createContext. */
export function contextOptions(openssl, side, usual, { cert, key }) {
  const version = chance(8) ? pick(['TLSv1.2', 'TLSv1.3', undefined]) : usual
  const isSince3 = openssl.kind === 'OpenSSL' && openssl.versionNumber >= 0x3000_0000
  const options = [
    ...(chance(4) ? ['NO_TICKET'] : []),
    ...(isSince3 && chance(3) ? ['IGNORE_UNEXPECTED_EOF'] : []),
    ...(isSince3 && chance(2) ? ['ALLOW_CLIENT_RENEGOTIATION'] : []),
  ]
  const hasIdentity = side === 'server' ? !chance(30) : chance(3)
  return {
    side,
    options,
    ...(version === undefined ? {} : { minVersion: version, maxVersion: version }),
    ...(hasIdentity ? { cert, key } : {}),
    ...maybe(3, { ca: cert }),
    ...maybe(8, { verify: pick(['none', 'peer', 'require', 'report']) }),
    ...maybe(8, { alpn: pick([['h2'], ['http/1.1', 'h2'], ['other']]) }),
    ...maybe(2, { sessionCache: pick(['off', 'client', 'server', 'both']) }),
    ...maybe(2, { sessionIdContext: 'random' }),
    ...(openssl.has('SSL_CTX_set_num_tickets') ? maybe(3, { tickets: random(4) }) : {}),
    ...maybe(10, { quietShutdown: true }),
    ...(openssl.has('SSL_CTX_set_post_handshake_auth') ? maybe(2, { postHandshakeAuth: true }) : {}),
    ...maybe(4, { readAhead: true }),
    ...maybe(4, { releaseBuffers: true }),
    ...maybe(4, { keylog: true }),
  }
}

/** Options of context.createSsl. */
export function sslOptions(openssl, sessions) {
  return {
    ...maybe(3, { servername: 'localhost' }),
    ...(openssl.has('SSL_set1_host') ? maybe(4, { verifyHost: pick(['localhost', 'other.test']) }) : {}),
    ...(sessions.length > 0 ? maybe(2, { session: pick(sessions) }) : {}),
    ...maybe(2, { trace: true }),
    ...maybe(8, { maxOutput: pick([0, 1, 10, 1000, 20_000]) }),
  }
}

/** By method of an Ssl: the arguments of one call. */
export const sslCalls = {
  doHandshake: () => [],
  read: () => [pick(lengths)],
  peek: () => [pick(lengths)],
  write: () => [text.subarray(0, pick([0, 1, 10, 1000, 16_384, 16_385, 100_000]))],
  pump: () => [undefined, pick([undefined, Buffer.alloc(1 + random(20_000))])],
  writeAndTransmit: () => [
    text.subarray(0, pick([0, 1, 10, 1000, 16_384, 16_385, 100_000])),
    pick([undefined, Buffer.alloc(1 + random(20_000))]),
  ],
  shutdown: () => [],
  shutdownAndTransmit: () => [],
  shutdownEx: () => [pick([undefined, { flags: ['RAPID'] }, { flags: ['NO_BLOCK', 'WAIT_PEER'] }])],
  keyUpdate: () => [pick(['update_requested', 'update_not_requested'])],
  renegotiate: () => [],
  verifyClientPostHandshake: () => [],
  setSession: (sessions) => [pick([...sessions, undefined])],
  receive: () => [Buffer.from(Array.from({ length: random(60) }, () => random(256)))],
  receiveEof: () => [],
  transmit: () => [],
  setShutdown: () => [random(5)],
  setQuietShutdown: () => [chance(2)],
  setVerify: () => [pick(['none', 'peer', 'require', 'report'])],
  holdClientHello: () => [],
  answerClientHello: (_sessions, contexts) => [
    { ...maybe(2, { context: pick(contexts) }), ...maybe(2, { protocol: pick([false, 'h2', 'other']) }) },
  ],
  exportKeyingMaterial: () => [
    pick([0, 1, 32, 8160, 8161]),
    pick(['', 'EXPERIMENTAL', 'x'.repeat(300)]),
    pick([undefined, text.subarray(0, random(300))]),
  ],
  getSession: () => [],
  takeEvents: () => [],
  free: () => [],
  getShutdown: () => [],
  getQuietShutdown: () => [],
  pending: () => [],
  hasPending: () => [],
  inInit: () => [],
  renegotiatePending: () => [],
  getStateString: () => [],
  getRecordState: () => [],
  getVersion: () => [],
  getCipher: () => [],
  getAlpn: () => [],
  getServername: () => [],
  getVerifyResult: () => [],
  getVerifyMode: () => [],
  getPeerCertificate: () => [],
  getCertificate: () => [],
  getPeerChain: () => [],
  getTrustedIssuers: () => [],
  getClientHello: () => [],
  sessionReused: () => [],
  inputPending: () => [],
  outputPending: () => [],
}

/** Those that end what there is to try, so that they come less often. */
export const endings = ['free', 'receiveEof', 'setQuietShutdown', 'receive']

const detached = new Uint8Array(8)
structuredClone(detached, { transfer: [detached.buffer] })

/** Arguments that are wrong for most calls. */
export function junk() {
  return Array.from({ length: random(4) }, () => pick(wrong))
}

const wrong = [
  ...[undefined, null, true, -1, 0.5, Number.NaN, 2 ** 31, 2 ** 53, 1n, '', 'x', '\0', Symbol('s')],
  ...[{}, [], [1], () => 1, new Map(), { flags: ['none'] }, { flags: 1 }, new Proxy({}, {}), new Proxy(detached, {})],
  ...[detached, new Uint8Array(new SharedArrayBuffer(10)), new DataView(new ArrayBuffer(3)), new Float64Array(2)],
]

/** The bytes that reach the peer in place of those: whole, cut, damaged, twice, behind others. */
export function tamper(bytes) {
  switch (random(40)) {
    case 0:
      return [bytes.subarray(0, random(bytes.length + 1))]
    case 1:
      if (bytes.length > 0) bytes[random(bytes.length)] ^= 1 << random(8)
      return [bytes]
    case 2:
      return [bytes, bytes]
    case 3:
      return [Buffer.from([pick([20, 21, 22, 23, 24]), 3, pick([1, 3, 4]), 0, 2, random(3), random(256)]), bytes]
    case 4:
    case 5: {
      const at = random(bytes.length + 1)
      return [bytes.subarray(0, at), bytes.subarray(at)]
    }
    default:
      return [bytes]
  }
}
