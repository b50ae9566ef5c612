// STARTTLS with servers that others wrote: to TLS, and one word of their protocol in it.
import tls from 'node:tls'
import { SMTPServer } from 'smtp-server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openTransport } from '../../../lib/lab/transport/open.js'
import type { StartTlsProtocol } from '../../../lib/lab/transport/starttls/protocols.js'
import { parseTarget } from '../../../lib/lab/transport/target.js'
import { startPostgres } from '../../policy/frameworks/postgres.js'
import { certificate } from '../../support/certificate.js'
import { cannotServe, startVsftpd } from '../../support/peers/ftp.js'
import { lacks } from '../../support/peers/programs.js'
import { once } from '../../support/streams.js'
import { containing, matching } from './matchers.js'
import { portOf } from './servers.js'

const signal = () => AbortSignal.timeout(30_000)

/** What a server answers to some bytes, over TLS, until it has said what is looked for. */
async function answerTo(
  starttls: StartTlsProtocol,
  port: number,
  said: string | Buffer,
  sought: RegExp,
): Promise<string> {
  const { socket } = await openTransport(parseTarget(`127.0.0.1:${port}`), { starttls, signal: signal() })
  const secure = tls.connect({ socket, servername: 'localhost', ca: certificate.cert })
  try {
    await once(secure, 'secureConnect')
    secure.write(said)
    let answer = ''
    for await (const chunk of secure) {
      answer += String(chunk)
      if (sought.test(answer)) return answer
    }
    return answer
  } finally {
    secure.destroy()
  }
}

describe("Node's smtp-server", () => {
  async function smtpServer(options: { readonly hideSTARTTLS?: boolean } = {}): Promise<number> {
    const { key, cert } = certificate
    const server = new SMTPServer({ key, cert, authOptional: true, logger: false, ...options })
    server.on('error', () => {})
    server.listen(0, '127.0.0.1')
    await once(server.server, 'listening')
    onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
    return portOf(server.server.address())
  }

  test('goes over to TLS', async () => {
    expect(await answerTo('smtp', await smtpServer(), 'NOOP\r\n', /^250/m)).toMatch(/^250/)
  })

  test('refuses where it is not to offer it', async () => {
    const port = await smtpServer({ hideSTARTTLS: true })
    const opening = openTransport(parseTarget(`127.0.0.1:${port}`), { starttls: 'smtp', signal: signal() })
    await expect(opening).rejects.toMatchObject({
      reason: 'starttls-refused',
      detail: containing('STARTTLS is not among'),
    })
  })

  test('does not speak what another protocol expects', async () => {
    const port = await smtpServer()
    for (const starttls of ['imap', 'pop3', 'mysql'] as const) {
      const opening = openTransport(parseTarget(`127.0.0.1:${port}`), { starttls, signal: signal() })
      await expect(opening, starttls).rejects.toMatchObject({
        reason: 'not-the-protocol',
        detail: matching(/received "220 /),
      })
    }
  })
})

test.skipIf(lacks('postgresql'))('PostgreSQL goes over to TLS', async () => {
  const { port, stop } = await startPostgres()
  onTestFinished(stop)
  // StartupMessage: version 3.0, and the user; the answer is an Authentication message.
  const parameters = Buffer.from('\0\x03\0\0user\0postgres\0\0')
  const startup = Buffer.concat([Buffer.from([0, 0, 0, parameters.length + 4]), parameters])
  expect(await answerTo('postgres', port, startup, /^R/)).toMatch(/^R/)
})

test.skipIf(cannotServe('vsftpd'))('vsftpd goes over to TLS', async () => {
  expect(await answerTo('ftp', await startVsftpd(), 'PBSZ 0\r\n', /^200/)).toMatch(/^200/)
})
