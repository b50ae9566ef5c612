// Conversations of two Ssl objects of one libssl, as they would stand on the wire: a line of JSON for each, with the
// bytes in order, the key log, and the events of both sides. Argument: the libssl, or nothing.
import { readFileSync } from 'node:fs'
import { loadOpenSSL } from '../../../dist/lib/openssl/index.js'
import { Conversation } from './conversation.mjs'

const certificates = new URL('../../../.cache/certificates/', import.meta.url)
const cert = readFileSync(new URL('localhost.cert.pem', certificates))
const key = readFileSync(new URL('localhost.key.pem', certificates))
const openssl = loadOpenSSL(process.argv[2] || undefined)
const isOpenSsl = openssl.kind === 'OpenSSL'

// One for each AEAD, by turns: of TLS 1.3 where the build lets choose.
const suites = [
  ['ECDHE-ECDSA-AES128-GCM-SHA256', 'TLS_AES_128_GCM_SHA256'],
  ['ECDHE-ECDSA-AES256-GCM-SHA384', 'TLS_AES_256_GCM_SHA384'],
  ['ECDHE-ECDSA-CHACHA20-POLY1305', 'TLS_CHACHA20_POLY1305_SHA256'],
]

const both = ['TLSv1.2', 'TLSv1.3']
const only12 = ['TLSv1.2']
const only13 = ['TLSv1.3']

/** Each with its versions, its settings, and what is said behind the handshake. */
const conversations = {
  'one-way close of the client': { say: (talk) => talk.closeOneWay('client') },
  'one-way close of the server': { say: (talk) => talk.closeOneWay('server') },
  'two-way close, the client first': { say: (talk) => talk.close('client') },
  'two-way close, the server first': { say: (talk) => talk.close('server') },
  'both close at once': {
    say(talk) {
      talk.shutdown('client')
      talk.closeOneWay('server')
    },
  },
  'quiet close': {
    say(talk) {
      talk.deliver('client', 'the last')
      talk.ssl('client').setQuietShutdown(true)
      talk.closeOneWay('client')
    },
  },
  'an end without any close': { say: (talk) => talk.deliver('server', 'cut off behind this') },
  'half-close': {
    say(talk) {
      talk.say('client', 'request')
      talk.closeOneWay('client')
      talk.say('server', 'response')
      talk.closeOneWay('server')
    },
  },
  'data of many records': {
    say(talk) {
      talk.say('client', 'x'.repeat(70_000))
      talk.deliver('server', 'y'.repeat(16_385))
      talk.close('server')
    },
  },
  'a certificate of the client': {
    client: { cert, key },
    server: { verify: 'peer', ca: cert },
    say: (talk) => talk.close(),
  },
  'KeyUpdate of both': {
    versions: only13,
    say(talk) {
      talk.act('client', (ssl) => ssl.keyUpdate('update_requested'))
      talk.deliver('client', 'under new keys')
      talk.say('server', 'under new keys too')
      talk.act('server', (ssl) => ssl.keyUpdate('update_not_requested'))
      talk.deliver('server', 'and newer ones')
      talk.close()
    },
  },
  'session tickets': {
    server: { tickets: 3 },
    needs: ['SSL_CTX_set_num_tickets'],
    versions: only13,
    say: (talk) => talk.close(),
  },
  'no tickets': { server: { options: ['NO_TICKET'] }, versions: only12, say: (talk) => talk.close() },
  HelloRetryRequest: {
    client: { groups: 'X25519:P-256' },
    server: { groups: 'P-256' },
    versions: only13,
    say: (talk) => talk.close(),
  },
  'a certificate that is asked for afterwards': {
    client: { postHandshakeAuth: true },
    needs: ['SSL_verify_client_post_handshake'],
    versions: only13,
    say(talk) {
      talk.ssl('server').setVerify('peer')
      talk.act('server', (ssl) => ssl.verifyClientPostHandshake())
      talk.act('server', (ssl) => ssl.doHandshake())
      talk.settle()
      // Not the client: tshark 4.0 takes its second Finished for that of the handshake, and begins its keys anew.
      talk.closeOneWay('server')
    },
  },
  renegotiation: {
    server: isOpenSsl && openssl.versionNumber >= 0x30000000 ? { options: ['ALLOW_CLIENT_RENEGOTIATION'] } : {},
    needs: ['SSL_renegotiate'],
    openSslOnly: true,
    versions: only12,
    say(talk) {
      talk.act('client', (ssl) => ssl.renegotiate())
      talk.handshake()
      talk.deliver('client', 'under new keys')
      talk.close()
    },
  },
  no_renegotiation: {
    server: { options: ['NO_RENEGOTIATION'] },
    needs: ['SSL_renegotiate'],
    openSslOnly: true,
    versions: only12,
    say(talk) {
      talk.act('client', (ssl) => ssl.renegotiate())
      talk.handshake().settle()
    },
  },
  'user_canceled of the client': {
    forges: true,
    say(talk) {
      talk.forge('client', { level: 'warning', name: 'user_canceled' })
      talk.closeOneWay('client')
      talk.closeOneWay('server')
    },
  },
  'user_canceled of the server': {
    forges: true,
    say(talk) {
      talk.forge('server', { level: 'warning', name: 'user_canceled' })
      talk.closeOneWay('server')
    },
  },
  'a fatal alert of the client': {
    forges: true,
    say(talk) {
      talk.forge('client', { level: 'fatal', name: 'internal_error' })
      talk.settle()
    },
  },
  'a fatal alert of the server': {
    forges: true,
    say(talk) {
      talk.forge('server', { level: 'fatal', name: 'access_denied' })
      talk.settle()
    },
  },
  'a fatal alert for a record that does not authenticate': {
    say(talk) {
      talk.say('client', 'damaged')
      talk.damage('client')
      talk.settle()
    },
  },
  'a fatal alert of the handshake, in the clear': {
    client: { alpn: ['one'] },
    server: { alpn: ['another'] },
    fails: true,
  },
  'a fatal alert of the handshake, for a certificate': { client: { verify: 'peer' }, fails: true },
  'a fatal alert of the handshake, for the version': {
    server: { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' },
    versions: only12,
    fails: true,
  },
  'a resumed session': { resumes: true, say: (talk) => talk.close() },
}

let count = 0
for (const [name, conversation] of Object.entries(conversations)) {
  if (conversation.openSslOnly && !isOpenSsl) continue
  if (conversation.needs?.some((call) => !openssl.has(call))) continue
  for (const version of conversation.versions ?? both) {
    const { chunks, keylog, events } = held(conversation, version, count++)
    console.log(JSON.stringify({ name, version, chunks, keylog, events }))
  }
}

function held({ client, server, forges, fails, resumes, say }, version, index) {
  const common = { minVersion: version, maxVersion: version, keylog: true }
  const [suite12, suite13] = suites[index % suites.length]
  const chosen = openssl.has('SSL_CTX_set_ciphersuites') ? { ciphersuites: suite13 } : {}
  const contexts = {
    client: openssl.createContext({
      ...{ side: 'client', sessionCache: 'client', ...common },
      ...(version === 'TLSv1.2' ? { ciphers: suite12 } : chosen),
      ...client,
    }),
    server: openssl.createContext({ side: 'server', cert, key, sessionIdContext: 'converses', ...common, ...server }),
  }
  const session = resumes ? sessionOf(new Conversation(contexts)) : undefined
  const talk = new Conversation(contexts, { client: session === undefined ? {} : { session } }, forges)
  if (fails) talk.handshake().settle()
  else {
    talk.connect()
    // BoringSSL tells of its tickets at once, and sends them with the first data.
    if (!isOpenSsl) talk.deliver('server', 'behind the tickets')
    say(talk)
  }
  if (resumes && !talk.ssl('client').sessionReused()) throw new Error('The session was not resumed')
  return talk
}

function sessionOf(talk) {
  talk.connect()
  talk.say('server', 'behind the tickets')
  talk.settle()
  talk.close()
  const der = talk.session ?? talk.ssl('client').getSession().toBuffer()
  talk.free()
  return openssl.sessionFrom(der)
}
