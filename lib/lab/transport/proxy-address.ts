/** A proxy, from the URL that people write. */
import { invalid } from '../../options.js'
import { canonicalHost } from './target.js'

export interface ProxyAddress {
  /** socks5: names are looked up here. http and socks5h: by the proxy. */
  readonly kind: 'http' | 'socks5' | 'socks5h'
  readonly host: string
  readonly port: number
  readonly credentials?: { readonly user: string; readonly password: string }
}

/**
 * Reads `http://[user:password@]host[:port]`, and the same with socks5 or socks5h. Default ports: 80, and 1080.
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT for anything else; its text does not show the password
 */
export function parseProxy(text: unknown): ProxyAddress {
  const wrong = () => invalid('proxy', expected, typeof text === 'string' ? withoutPassword(text) : text)
  if (typeof text !== 'string' || !URL.canParse(text)) throw wrong()
  const url = new URL(text)
  const kind = kinds.find((known) => `${known}:` === url.protocol)
  const host = canonicalHost(url.hostname.replace(/^\[(.*)\]$/, '$1'))
  const isBare = ['', '/'].includes(url.pathname) && url.search === '' && url.hash === ''
  if (kind === undefined || host === undefined || !isBare || url.port === '0') throw wrong()

  const port = url.port === '' ? (kind === 'http' ? 80 : 1080) : Number(url.port)
  if (url.username === '' && url.password === '') return { kind, host, port }
  const [user, password] = [decoded(url.username), decoded(url.password)]
  if (user === undefined || password === undefined) throw wrong()
  if (kind !== 'http' && [user, password].some((part) => Buffer.byteLength(part) > 255)) {
    throw invalid('proxy', 'a user and a password of 255 bytes at most (RFC 1929)', withoutPassword(text))
  }
  return { kind, host, port, credentials: { user, password } }
}

const kinds = ['http', 'socks5', 'socks5h'] as const

const expected = 'http://[user:password@]host:port, or the same with socks5 or socks5h,'

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}

function withoutPassword(text: string): string {
  return text.replace(/^([^/]*\/\/)?.*@/, '$1...@')
}
