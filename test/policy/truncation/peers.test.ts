// Whole and cut messages of TLS stacks that we did not write.
import { Agent } from 'node:https'
import { connect } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { controlClosure } from '../../../lib/index.js'
import { certificate } from '../../support/certificate.js'
import { type TlsVersion, tlsVersions } from '../../support/pair.js'
import { type PeerProcess, stopAfter } from '../../support/peers/child.js'
import { gnutlsClient, gnutlsServer } from '../../support/peers/gnutls.js'
import { lacks } from '../../support/peers/programs.js'
import { opensslClient, opensslServer } from '../../support/peers/openssl.js'
import { pythonClient, pythonServer } from '../../support/peers/python.js'
import { collect, delay } from '../../support/streams.js'
import { curlUpload } from './curl.js'
import { httpsGet } from './https-client.js'
import { codeOf, type Outcome } from './outcomes.js'
import { startUploads } from './request-server.js'

const body = 'x'.repeat(40)
const closeDelimited = `HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${body}`
const framed = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

const whole: Outcome = { body, passed: true, ended: true, complete: true }
const truncated: Outcome = {
  body,
  passed: false,
  ended: false,
  complete: false,
  error: 'ERR_TLS_TRUNCATED',
  requestError: 'ERR_TLS_TRUNCATED',
}

describe.each(tlsVersions)('%s, a server of', (version) => {
  const endings = {
    close_notify: [{ do: 'unwrap' }],
    fin: [{ do: 'shutdown-write' }, { do: 'read-to-end' }],
    // Nagle's algorithm may hold the data back, until a delayed acknowledgement of the session tickets has come
    rst: [{ do: 'wait', ms: 150 }, { do: 'reset' }],
  } as const

  test.each([
    { what: 'a close-delimited response', text: closeDelimited, ending: 'close_notify', expected: whole },
    { what: 'a close-delimited response', text: closeDelimited, ending: 'fin', expected: truncated },
    { what: 'a close-delimited response', text: closeDelimited, ending: 'rst', expected: truncated },
    { what: 'a whole response', text: framed, ending: 'fin', expected: whole },
    { what: 'a whole response', text: framed, ending: 'rst', expected: whole },
    { what: 'half a response', text: framed.slice(0, -20), ending: 'fin', expected: half(truncated) },
    { what: 'half a response', text: framed.slice(0, -20), ending: 'rst', expected: half(truncated) },
  ] as const)("Python's ssl, $what, then $ending", async ({ text, ending, expected }) => {
    const steps = [{ do: 'read', bytes: 1 }, { do: 'send-text', text }, ...endings[ending]] as const
    const server = stopAfter(await pythonServer({ version, steps }))
    expect(await getFrom(server.port)).toEqual(expected)
  })

  test.skipIf(lacks('openssl')).each([
    // it closes TCP before it says close_notify
    { what: 'a close-delimited response, then Q', text: closeDelimited, quits: true, expected: truncated },
    { what: 'a close-delimited response, then killed', text: closeDelimited, quits: false, expected: truncated },
    { what: 'a whole response, then killed', text: framed, quits: false, expected: whole },
    { what: 'half a response, then killed', text: framed.slice(0, -20), quits: false, expected: half(truncated) },
  ])('openssl s_server, $what', async ({ text, quits, expected }) => {
    const server = stopAfter(await opensslServer({ version }))
    const getting = getFrom(server.port)
    await server.line(/^Connection: /)
    const printedBefore = server.output.length
    server.write(text)
    while (!server.output.slice(printedBefore).some((line) => line.startsWith('>>> '))) await delay(5)
    // it prints before it writes
    await delay(50)
    if (quits) server.write('Q\n')
    else await server.stop()
    expect(await getting).toEqual(expected)
  })

  test.skipIf(lacks('openssl'))('openssl s_server -www, whose pages end with the connection: whole', async () => {
    const server = stopAfter(await opensslServer({ version, args: ['-www'] }))
    const page = await getFrom(server.port)
    expect(page).toEqual({ ...whole, body: page.body })
    expect(page.body).toContain('</')
  })

  test.skipIf(lacks('gnutls'))('gnutls-serv --http, whose pages end with the connection: whole', async () => {
    const server = stopAfter(await gnutlsServer({ version, args: ['--http'] }))
    const page = await getFrom(server.port)
    expect(page).toEqual({ ...whole, body: page.body })
    expect(page.body.toLowerCase()).toContain('</html>')
  })

  test.skipIf(lacks('gnutls'))('gnutls-serv, killed: what came, then the error', async () => {
    const server = stopAfter(await gnutlsServer({ version }))
    const { port } = server
    const socket = connect({ port, host: '127.0.0.1', ca: certificate.cert, servername: certificate.host })
    controlClosure(socket, { onTruncation: 'error' })
    const echoed = new Promise((resolve) => socket.once('data', resolve))
    const reading = collect(socket)
    socket.write('hello\n')
    await echoed
    await server.stop()
    const { bytes, ended, error } = await reading
    expect({ text: bytes.toString(), ended, code: codeOf(error) }).toEqual({
      text: 'hello\n',
      ended: false,
      code: 'ERR_TLS_TRUNCATED',
    })
  })
})

interface Uploader extends PeerProcess {
  /** Completes the upload; resolves when the client has read the answer. */
  readonly complete: () => Promise<unknown>
}

const posting = `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nalpha`

/** Each has sent a request and the first half of its body, "alpha"; the other one is "bravo". */
const uploaders: readonly {
  readonly name: string
  readonly of: 'curl' | 'openssl' | 'gnutls'
  readonly api?: 'https' | 'http2 stream'
  readonly start: (version: TlsVersion, port: number) => Uploader
}[] = [
  { name: 'curl, HTTP/1.1', of: 'curl', start: (version, port) => curl(version, port, '1.1') },
  { name: 'curl, HTTP/2', of: 'curl', api: 'http2 stream', start: (version, port) => curl(version, port, '2') },
  { name: 'openssl s_client', of: 'openssl', start: (version, port) => writing(opensslClient({ version, port })) },
  { name: 'gnutls-cli', of: 'gnutls', start: (version, port) => writing(gnutlsClient({ version, port })) },
]

function curl(version: TlsVersion, port: number, http: '1.1' | '2'): Uploader {
  const peer = curlUpload({ version, port, http })
  peer.write('alpha')
  const complete = () => {
    peer.write('bravo')
    peer.endInput()
    return peer.exit
  }
  return { ...peer, complete }
}

function writing(peer: PeerProcess): Uploader {
  peer.write(posting)
  const complete = () => {
    peer.write('bravo')
    return peer.line(/HTTP\/1.1 200/)
  }
  return { ...peer, complete }
}

describe.each(tlsVersions)('%s, a client of', (version) => {
  for (const uploader of uploaders) {
    const testIt = test.skipIf(lacks(uploader.of))

    testIt(`${uploader.name}, killed in the middle of its upload: an error of the request only`, async () => {
      const { upload, clientErrors, client } = await uploadFrom(uploader, version)
      await upload.begun
      await client.stop()
      expect(await upload.outcome).toMatchObject(cutUpload)
      expect(clientErrors).toEqual([])
    })

    testIt(`${uploader.name}, gone when its upload is whole: no error`, async () => {
      const { upload, clientErrors, client } = await uploadFrom(uploader, version)
      await upload.begun
      await client.complete()
      const outcome = await upload.outcome
      await client.stop()
      expect(outcome).toMatchObject({ body: 'alphabravo', passed: true })
      expect(outcome).not.toHaveProperty('error')
      expect(clientErrors).toEqual([])
    })
  }

  test.each([
    { ending: 'FIN', steps: [{ do: 'shutdown-write' }, { do: 'read-to-end' }] },
    { ending: 'RST', steps: [{ do: 'wait', ms: 150 }, { do: 'reset' }] },
  ] as const)("Python's ssl, $ending in the middle of its upload", async ({ steps }) => {
    const uploads = await startUploads(version, 'https')
    const { server, port, clientErrors } = uploads
    controlClosure(server, { onTruncation: 'error' })
    const { outcome } = uploads.expect(certificate.host)
    stopAfter(pythonClient({ version, port, steps: [{ do: 'send-text', text: posting }, ...steps] }))
    expect(await outcome).toMatchObject(cutUpload)
    expect(clientErrors).toEqual([])
  })
})

const cutUpload = { body: 'alpha', passed: false, ended: false, error: 'ERR_TLS_TRUNCATED' }

async function uploadFrom({ api = 'https', start }: (typeof uploaders)[number], version: TlsVersion) {
  const uploads = await startUploads(version, api)
  const { server, port, clientErrors } = uploads
  controlClosure(server, { onTruncation: 'error' })
  const upload = uploads.expect(certificate.host)
  return { upload, clientErrors, client: stopAfter(start(version, port)) }
}

function getFrom(port: number): Promise<Outcome> {
  const agent = new Agent({ ca: certificate.cert })
  controlClosure(agent, { onTruncation: 'error' })
  onTestFinished(() => agent.destroy())
  return httpsGet({ host: certificate.host, port, agent }, 'events')
}

function half(outcome: Outcome): Outcome {
  return { ...outcome, body: body.slice(0, -20) }
}
