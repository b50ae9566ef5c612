/** How opening a connection fails, in a closed set of reasons, and how bytes of a peer are shown to people. */

const sentences = {
  /** The resolver knows no address of the name, or gave no answer. */
  'host-not-found': 'The host name was not found',
  /** The host answered the connection with a refusal. */
  refused: 'The connection was refused',
  /** No way to the host, or no answer from there. Where the cause is this machine's, `detail` says so. */
  unreachable: 'The host cannot be reached',
  /** The peer, or something on the way, ended the connection by RST. */
  reset: 'The connection was reset',
  /** The peer ended the connection before TLS could begin. */
  closed: 'The connection was closed before TLS could begin',
  /** The proxy could not be reached, or did not connect. `detail` has its own words. */
  proxy: 'The proxy did not connect',
  /** The server speaks the protocol, and does not want TLS now, or this client. `detail` has its own words. */
  'starttls-refused': 'The server refused to begin TLS',
  /** What came is not of the protocol. `detail` tells what was expected and what came. */
  'not-the-protocol': 'The server does not speak the protocol',
  /** Bytes came behind the go-ahead and before TLS: whoever put them there wants them taken for what TLS protects. */
  'plaintext-after-starttls': 'Plaintext came behind the answer after which TLS begins',
  /** The dialogue before TLS has a limit in bytes and lines. */
  'too-long': 'The server sent more than the dialogue before TLS may have',
} as const

/**
 * Why no connection stands on which TLS can begin; docs/lab.md has the meaning of each.
 * @useDeclaredType
 */
export type TransportFailureReason = keyof typeof sentences

/** What is known of a {@link TransportFailure} beside its reason. */
export interface TransportFailureFacts extends ErrorOptions {
  /** Of the system or of Node, where there is one: 'ECONNREFUSED'. */
  readonly code?: string | undefined
  /** For people. Bytes of a peer in it are shortened, and their control characters escaped. */
  readonly detail?: string | undefined
}

/** Why no connection stands on which TLS can begin. Match on `reason`. */
export class TransportFailure extends Error {
  readonly reason: TransportFailureReason
  readonly code: string | undefined
  readonly detail: string | undefined

  constructor(reason: TransportFailureReason, { code, detail, ...options }: TransportFailureFacts = {}) {
    super(
      `${sentences[reason]}${detail === undefined ? '' : `: ${detail}`}${code === undefined ? '' : ` (${code})`}`,
      options,
    )
    this.reason = reason
    this.code = code
    this.detail = detail
  }
}

// On the prototype, as the errors of the language have it.
Object.defineProperty(TransportFailure.prototype, 'name', {
  value: 'TransportFailure',
  configurable: true,
  writable: true,
})

/** The failure of an error that a socket emitted. */
export function failureOfSocket(error: Error): TransportFailure {
  const code = codeOf(error)
  const local = localCauses.get(code ?? '')
  const detail = local === undefined ? undefined : `this machine ${local}`
  return new TransportFailure(reasons.get(code ?? '') ?? 'unreachable', { code, detail, cause: error })
}

/** The code of an error of Node or of the system. */
export function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' ? code : undefined
}

/** Whether it is this machine that has nothing left to connect with: any other host would fail the same. */
export function isExhaustion(error: unknown): error is TransportFailure {
  return error instanceof TransportFailure && exhausted.includes(error.code ?? '')
}

const exhausted: readonly string[] = ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']

// What is not here has no way to the host in common: EHOSTUNREACH, ENETUNREACH, ENETDOWN, ETIMEDOUT, EINVAL.
const reasons: ReadonlyMap<string, TransportFailureReason> = new Map([
  ['ECONNREFUSED', 'refused'],
  ['ECONNRESET', 'reset'],
  ['ECONNABORTED', 'reset'],
  ['EPIPE', 'reset'],
])

const localCauses: ReadonlyMap<string, string> = new Map([
  ['EMFILE', 'has no file descriptor left for this process'],
  ['ENFILE', 'has no file descriptor left'],
  ['ENOBUFS', 'has no memory left for sockets'],
  ['ENOMEM', 'has no memory left for sockets'],
  ['EADDRNOTAVAIL', 'has no such address, or no port left'],
  ['EADDRINUSE', 'has no port left'],
  ['EACCES', 'forbids the connection'],
  ['EPERM', 'forbids the connection'],
])

/**
 * Bytes of a peer for people: one short line in which no control character is left. Of bytes that are not UTF-8 only
 * those of ASCII are shown as text.
 */
export function printable(received: Uint8Array | string): string {
  const { text, hidden } = typeof received === 'string' ? { text: received, hidden: invisible } : textOf(received)
  const shown = Array.from(text.slice(0, longest), (character) => shownAs(character, hidden)).join('')
  return text.length > longest ? `${shown}...` : shown
}

/** The same in quotation marks. */
export function quoted(received: Uint8Array | string): string {
  return `"${printable(received)}"`
}

const longest = 160

const escapes: ReadonlyMap<string, string> = new Map([
  ['\r', '\\r'],
  ['\n', '\\n'],
  ['\t', '\\t'],
  ['\\', '\\\\'],
])

// Controls, and what turns or hides text on a terminal.
const invisible = /[\p{C}\p{Zl}\p{Zp}]/u
const notAscii = /[^ -~]/

function shownAs(character: string, hidden: RegExp): string {
  const short = escapes.get(character)
  if (short !== undefined || !hidden.test(character)) return short ?? character
  const point = character.codePointAt(0) ?? 0
  return point < 0x100 ? `\\x${point.toString(16).padStart(2, '0')}` : `\\u{${point.toString(16)}}`
}

function textOf(bytes: Uint8Array): { readonly text: string; readonly hidden: RegExp } {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 4 * longest))
  try {
    // As a stream: the cut may be within a character.
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    return { text: decoder.decode(start, { stream: true }), hidden: invisible }
  } catch {
    return { text: start.toString('latin1'), hidden: notAscii }
  }
}
