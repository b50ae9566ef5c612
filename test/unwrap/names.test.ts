// A client says whom it expects: Node verifies 'localhost' where it has no name, and takes an empty one for none.
import { describe, expect, test } from 'vitest'
import { startTls, type StartTlsClientOptions } from '../../lib/index.js'
import { withCode } from '../closure/sides.js'
import { tcpPair } from '../closure/tls-over.js'
import { certificate } from '../support/certificate.js'
import { once } from '../support/streams.js'
import { optionsOf } from './started.js'

const { cert: ca } = certificate

describe('a client', () => {
  const nameless: readonly StartTlsClientOptions[] = [
    {},
    { servername: '' },
    { host: '' },
    { servername: '', host: '' },
  ]
  test.each(nameless)('is refused without a name: %j', async (names) => {
    const { near } = await tcpPair()
    expect(() => startTls(near, { ca, ...names })).toThrow(
      expect.objectContaining(withCode('ERR_CLOSURE_INVALID_ARGUMENT')),
    )
  })

  const named: readonly StartTlsClientOptions[] = [
    { servername: 'localhost' },
    { host: 'localhost' },
    { servername: '', host: 'localhost' },
    { rejectUnauthorized: false },
  ]
  test.each(named)('is secured with one, or without verification: %j', async (names) => {
    const { near, far } = await tcpPair()
    const { socket } = startTls(near, { ca, ...names })
    const server = startTls(far, optionsOf({ version: 'TLSv1.3', near: 'server' }))
    await Promise.all([socket, server.socket].map((each) => once(each, 'secureConnect')))
    socket.destroy()
  })
})
