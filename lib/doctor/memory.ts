/** Closings of two SSLs of the process's own OpenSSL, in memory: the calls that everything else stands on. */
import type { Credentials } from '../lab/credentials.js'
import type { OpenSSL } from '../openssl/openssl.js'
import type { Ssl } from '../openssl/ssl.js'
import { type Check, checked, expectIs } from './check.js'
import { modes, type Mode, versions } from './modes.js'

export async function checkMemory(openssl: OpenSSL, credentials: Credentials): Promise<readonly Check[]> {
  const checks: Check[] = []
  for (const version of versions) {
    for (const mode of modes) {
      const about = { group: 'memory', name: `${mode}, ${version}`, toDo } as const
      checks.push(await checked(about, () => closing(openssl, credentials, version, mode)))
    }
  }
  return checks
}

const toDo =
  'OpenSSL of this process does not close as OpenSSL 1.1.1 to 4.0 do; please report it with the output of close-notify doctor --json'

function closing(openssl: OpenSSL, credentials: Credentials, version: (typeof versions)[number], mode: Mode): string {
  const { key, cert } = credentials
  const range = { minVersion: version, maxVersion: version }
  const contexts = [
    openssl.createContext({ side: 'server', key, cert, ...range }),
    openssl.createContext({ side: 'client', ca: cert, ...range }),
  ] as const
  const [server, client] = [contexts[0].createSsl(), contexts[1].createSsl()]
  try {
    for (let turn = 0; turn < 4; turn++) {
      client.doHandshake()
      server.receive(client.transmit())
      server.doHandshake()
      client.receive(server.transmit())
    }
    expectIs('the handshake', client.inInit(), false)
    client.read()
    return closings[mode](client, server)
  } finally {
    for (const each of [server, client, ...contexts]) each.free()
  }
}

const closings: Readonly<Record<Mode, (client: Ssl, server: Ssl) => string>> = {
  quiet(client) {
    client.setQuietShutdown(true)
    expectIs('SSL_shutdown()', client.shutdown().value, 1)
    expectIs('the bytes that were sent', client.transmit().length, 0)
    return 'SSL_shutdown() is 1, and nothing is sent'
  },
  unidirectional(client, server) {
    expectIs('SSL_shutdown()', client.shutdown().value, 0)
    server.receive(client.transmit())
    expectIs('the end that the peer reads', server.read().error, 'SSL_ERROR_ZERO_RETURN')
    return 'SSL_shutdown() is 0, and the peer reads close_notify'
  },
  bidirectional(client, server) {
    expectIs('the first SSL_shutdown()', client.shutdown().value, 0)
    server.receive(client.transmit())
    server.read()
    expectIs("the peer's SSL_shutdown()", server.shutdown().value, 1)
    client.receive(server.transmit())
    expectIs('the end that comes back', client.read().error, 'SSL_ERROR_ZERO_RETURN')
    expectIs('the second SSL_shutdown()', client.shutdown().value, 1)
    return 'SSL_shutdown() is 0, then 1, and both have read close_notify'
  },
}
