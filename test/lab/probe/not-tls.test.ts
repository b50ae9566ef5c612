/** What came is no TLS: in the words of every libssl, whatever it says of it besides. */
import { expect, test } from 'vitest'
import { failureOfHandshake } from '../../../lib/lab/probe/connection.js'
import { probe } from '../../../lib/lab/probe/probe.js'
import { presentBuilds } from '../../support/builds.js'
import { plainServer } from '../transport/servers.js'

const libraries = presentBuilds().flatMap(({ name, libssl, loader }) => {
  return libssl === undefined || loader !== undefined ? [] : [{ name, library: libssl }]
})

test.each([...libraries, { name: 'that of Node', library: undefined }])('$name', async ({ library }) => {
  for (const bytes of ['220 hello\r\n', 'HTTP/1.1 400 Bad Request\r\n\r\n', '\xff'.repeat(100)]) {
    const server = await plainServer((socket) => socket.end(Buffer.from(bytes, 'latin1')))
    const options = { ...(library !== undefined && { library }), versions: ['TLSv1.3'] } as const
    const { versions } = await probe(`127.0.0.1:${server.port}`, options)
    expect(versions, bytes).toMatchObject([{ failure: { stage: 'handshake', reason: 'not-tls' } }])
  }
})

test('the reason that says so is told, and not the place where it was noticed', () => {
  const reasons = ['wrong version number', 'record layer failure']
  const failure = { reason: 'record layer failure', reasons, at: 0 }
  expect(failureOfHandshake({ seen: { bytes: 0, surplus: 0, failure } })).toEqual({
    ...{ stage: 'handshake', reason: 'not-tls', detail: 'wrong version number' },
  })
  const other = { reason: 'b', reasons: ['a', 'b'], at: 0 }
  expect(failureOfHandshake({ seen: { bytes: 0, surplus: 0, failure: other } })).toEqual({
    ...{ stage: 'handshake', reason: 'handshake', detail: 'b' },
  })
})
