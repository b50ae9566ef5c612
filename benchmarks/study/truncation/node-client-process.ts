/**
 * One of Node's clients, as an ordinary program uses it: it asks for a response, reads its body to the end, and takes it
 * for whole when nothing fails and Node says that it is complete. Its argument is the client.
 *
 * `get PORT FRAMING POLICY BUDGET` answers `accepted <bytes of the body>`, `failed <code>`, or `hang` when nothing has
 * ended within BUDGET ms. One at a time. An exception that nobody catches ends the process: that is a result, too.
 */
import { readFileSync } from 'node:fs'
import http2 from 'node:http2'
import https from 'node:https'
import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import process from 'node:process'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'
import { Agent, request as undiciRequest, setGlobalDispatcher } from 'undici'
import { closingConnect, controlClosure } from '../../../lib/index.js'
import { connect } from '../../../lib/stream/index.js'
import { certificate as ca } from '../../support/certificate.js'
import { serveParent } from '../../support/child-side.js'
import { sourceFile } from '../../support/source-file.js'
import { nodeClients, type NodeClient } from './cells.js'

/** Resolves with the number of bytes of a body that is whole to all that the program can see. */
type Get = (port: number, path: string) => Promise<number>

const [, , clientName, policyName] = process.argv
const client = nodeClients.find((name) => name === clientName)
if (client === undefined) throw new Error(`Expected one of ${nodeClients.join(', ')} but received "${clientName}"`)
const underPolicy = policyName === 'error'

const makers: Readonly<Record<NodeClient, () => Get>> = {
  'https.get': httpsGet,
  fetch: builtInFetch,
  undici,
  http2: overHttp2,
  'https over TlsStream': overTlsStream,
}
const get = makers[client]()

serveParent(['Node', process.version, ...libraryOf(client)], {
  async get(port, path = '', budget) {
    const answered = get(Number(port), path).then(
      (bytes) => `accepted ${bytes}`,
      (error: unknown) => `failed ${codeOf(error)}`,
    )
    const controller = new AbortController()
    const hung = sleep(Number(budget), 'hang', { signal: controller.signal }).catch(() => 'hang')
    const answer = await Promise.race([answered, hung])
    controller.abort()
    return answer
  },
})

/** fetch is undici, too, in a version of Node's own. */
function libraryOf(name: NodeClient): readonly string[] {
  if (name === 'fetch') return ['undici', process.versions['undici'] ?? 'unknown']
  if (name !== 'undici') return []
  const description: unknown = JSON.parse(readFileSync(sourceFile('node_modules/undici/package.json'), 'utf8'))
  const isKnown = typeof description === 'object' && description !== null && 'version' in description
  return ['undici', isKnown ? String(description.version) : 'unknown']
}

function httpsGet(): Get {
  const agent = new https.Agent({ ca, maxCachedSessions: 0 })
  if (underPolicy) controlClosure(agent, { onTruncation: 'error' })
  return (port, path) =>
    whole((onResponse) => https.get({ host: '127.0.0.1', port, path: `/${path}`, agent }, onResponse))
}

/** The streams are as connect() makes them: one that is cut fails. */
function overTlsStream(): Get {
  return (port, path) =>
    whole((onResponse) => {
      const createConnection = (): Duplex => connect({ host: '127.0.0.1', port, servername: 'localhost', ca })
      return http.get({ host: 'localhost', path: `/${path}`, createConnection }, onResponse)
    })
}

/** Asks, reads the response to its end, and looks at what Node says of it. */
function whole(request: (onResponse: (response: IncomingMessage) => void) => ClientRequest): Promise<number> {
  return new Promise((resolve, reject) => {
    const onResponse = (response: IncomingMessage): void => {
      read(response).then((bytes) => {
        if (response.statusCode === 200 && response.complete) resolve(bytes)
        else reject(new Error('incomplete'))
      }, reject)
    }
    request(onResponse).on('error', reject)
  })
}

function builtInFetch(): Get {
  // Without a policy it is fetch as Node has it; the certificate comes from NODE_EXTRA_CA_CERTS.
  if (underPolicy) setGlobalDispatcher(new Agent({ connect: closingConnect({ onTruncation: 'error' })() }))
  return async (port, path) => {
    const response = await fetch(`https://127.0.0.1:${port}/${path}`)
    const { byteLength } = await response.arrayBuffer()
    if (!response.ok) throw new Error(`status ${response.status}`)
    return byteLength
  }
}

function undici(): Get {
  const connect = underPolicy ? closingConnect({ onTruncation: 'error' })({ ca }) : { ca }
  const dispatcher = new Agent({ connect })
  return async (port, path) => {
    const { statusCode, body } = await undiciRequest(`https://127.0.0.1:${port}/${path}`, { dispatcher })
    const bytes = await read(body)
    if (statusCode !== 200) throw new Error(`status ${statusCode}`)
    return bytes
  }
}

function overHttp2(): Get {
  return async (port, path) => {
    const url = `https://127.0.0.1:${port}`
    const session = http2.connect(url, underPolicy ? { createConnection: () => controlledSocket(port) } : { ca })
    const failed = new Promise<never>((_resolve, reject) => session.on('error', reject))
    const stream = session.request({ ':path': `/${path}` })
    let status: number | undefined
    stream.on('response', (headers) => {
      status = headers[':status']
    })
    try {
      const bytes = await Promise.race([read(stream), failed])
      if (status !== 200) throw new Error(`status ${status}`)
      return bytes
    } finally {
      session.destroy()
    }
  }
}

function controlledSocket(port: number): tls.TLSSocket {
  const socket = tls.connect({ host: '127.0.0.1', port, ca, ALPNProtocols: ['h2'] })
  controlClosure(socket, { onTruncation: 'error' })
  return socket
}

async function read(body: AsyncIterable<Buffer>): Promise<number> {
  let bytes = 0
  for await (const piece of body) bytes += piece.length
  return bytes
}

/** fetch has its error in `cause`. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.cause instanceof Error ? codeOf(error.cause) : error.message.replaceAll(/\s+/g, '-')
}
