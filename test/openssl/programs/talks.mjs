// Two Ssl objects of one libssl talk, in both versions, and what they gave is printed. Argument: the libssl, or
// nothing.
import { readFileSync } from 'node:fs'
import { loadOpenSSL } from '../../../dist/lib/openssl/index.js'

const certificates = new URL('../../../.cache/certificates/', import.meta.url)
const cert = readFileSync(new URL('localhost.cert.pem', certificates))
const key = readFileSync(new URL('localhost.key.pem', certificates))
const openssl = loadOpenSSL(process.argv[2] || undefined)

const { kind, version, lacking } = openssl
console.log(JSON.stringify({ kind, version, lacking, has: lacking.filter((call) => openssl.has(call)) }))
for (const protocol of ['TLSv1.2', 'TLSv1.3']) console.log(JSON.stringify({ protocol, ...talk(protocol) }))

function talk(version) {
  const range = { minVersion: version, maxVersion: version }
  const contexts = [
    openssl.createContext({ side: 'client', ...range, ca: cert, verify: 'peer', sessionCache: 'client' }),
    openssl.createContext({ side: 'server', ...range, cert, key }),
  ]
  const connect = (options = {}) => {
    const client = contexts[0].createSsl({ servername: 'localhost', verifyHost: 'localhost', ...options })
    const server = contexts[1].createSsl({ trace: true })
    let output = client.pump().output
    for (let i = 0; i < 6; i++) output = (i % 2 === 0 ? server : client).pump(output).output
    return { client, server }
  }
  const names = ({ value, error, queue }) => [value, error, ...queue.map(({ reason }) => reason)]

  const { client, server } = connect()
  const exported = [client, server].map((ssl) => ssl.exportKeyingMaterial(16, 'EXPERIMENTAL').toString('hex'))
  const shutdown = client.shutdownAndTransmit()
  const closed = server.pump(shutdown.output)
  const answer = server.shutdownAndTransmit()
  client.receive(answer.output)
  const both = client.shutdown()
  const resumed = connect({ session: client.getSession() })

  const reopened = connect()
  reopened.server.pump(reopened.client.shutdownAndTransmit().output)
  if (openssl.kind === 'OpenSSL') for (const ssl of [reopened.client, reopened.server]) ssl.setShutdown(0)
  reopened.client.write(Buffer.from('again'))
  reopened.server.receive(reopened.client.transmit())

  const cut = connect()
  cut.client.receiveEof()
  const quiet = connect()
  quiet.client.setQuietShutdown(true)
  return {
    negotiated: [client.getVersion(), server.getVersion()],
    isVerified: client.getVerifyResult().code === 0,
    isSameExport: exported[0] === exported[1],
    shutdown: names(shutdown),
    closed: names(closed.result),
    answer: names(answer),
    both: names(both),
    flags: [client.getShutdown(), server.getShutdown()],
    alerts: server
      .takeEvents()
      .flatMap((event) => (event.type === 'alert' ? [`${event.direction} ${event.name}`] : [])),
    isResumed: resumed.client.sessionReused(),
    reopened: [String(reopened.server.read().data), reopened.server.getShutdown()],
    eof: names(cut.client.read()),
    quiet: [...names(quiet.client.shutdown()), quiet.client.outputPending(), quiet.client.getShutdown()],
    shutdownEx: openssl.has('SSL_shutdown_ex') ? names(connect().client.shutdownEx({ flags: ['RAPID'] })) : 'lacking',
  }
}
