/** CCC of FTP servers that others wrote: one that takes it, and one that does not know it. */
import { describe, expect, test } from 'vitest'
import { probe } from '../../../lib/lab/probe/probe.js'
import type { ProbeOptions } from '../../../lib/lab/probe/options.js'
import type { Ccc } from '../../../lib/lab/probe/result.js'
import { type TlsVersion, tlsVersions } from '../../../lib/tls/versions.js'
import { certificate } from '../../support/certificate.js'
import { cannotServe, ftpUser, startProftpd, startVsftpd } from '../../support/peers/ftp.js'

async function cccOf(port: number, version: TlsVersion, ccc: ProbeOptions['ccc'] = true): Promise<Ccc | undefined> {
  const { versions } = await probe(`localhost:${port}`, {
    ...{ versions: [version], questions: ['onFin'], starttls: 'ftp', ccc },
    ...{ wait: 2000, ca: certificate.cert, family: 4 },
  })
  const [found] = versions
  return found?.kind === 'probed' ? found.ccc : undefined
}

describe.each(tlsVersions)('with %s', (version) => {
  test.skipIf(cannotServe('proftpd'))('ProFTPD wants a login, then closes TLS and goes on in plaintext', async () => {
    const port = await startProftpd()
    expect(await cccOf(port, version)).toMatchObject({ kind: 'refused', command: 'CCC', reply: { code: 530 } })
    const wrong = { ...ftpUser, password: 'wrong' }
    expect(await cccOf(port, version, wrong)).toMatchObject({ kind: 'refused', command: 'PASS', reply: { code: 530 } })
    const taken = await cccOf(port, version, ftpUser)
    expect(taken).toMatchObject({
      kind: 'accepted',
      reply: { code: 200, text: 'Clearing control channel protection' },
      tls: 'close_notify',
      control: 'plaintext',
      noop: { code: 200 },
    })
    expect(taken).not.toHaveProperty('unasked')
  })

  test.skipIf(cannotServe('vsftpd'))('vsftpd refuses, with a login and without', async () => {
    const port = await startVsftpd()
    expect(await cccOf(port, version)).toMatchObject({ kind: 'refused', command: 'CCC', reply: { code: 530 } })
    const guest = { user: 'anonymous', password: 'guest' }
    const found = await cccOf(port, version, guest)
    expect(found).toMatchObject({ kind: 'refused', command: 'CCC', reply: { code: 500 } })
  })
})
