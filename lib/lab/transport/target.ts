/** The host and port that a connection goes to, from the text that people write. */
import { isIP, isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'
import { checkOptions, checkText, invalid } from '../../options.js'
import { checkProtocol, defaultPortOf, type StartTlsProtocol } from './starttls/protocols.js'

export interface HostAndPort {
  /** A name in ASCII and small letters, with its trailing dot if it was written so, or an IP address without brackets. */
  readonly host: string
  readonly port: number
}

export interface Target extends HostAndPort {
  /** For SNI (RFC 6066, 3): the name without a trailing dot. Absent for IP addresses, which have none. */
  readonly servername?: string
}

export interface TargetOptions {
  /** For a text without one. Default: that of the STARTTLS protocol, or 443. */
  readonly port?: number | undefined
  readonly starttls?: StartTlsProtocol | undefined
}

/**
 * Reads `HOST`, `HOST:PORT`, `[IPV6]:PORT` or a bare IPv6 address. International names become ASCII (UTS 46), numbers
 * that stand for an IPv4 address become that address, as browsers have it.
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT for anything else, a URL among them
 */
export function parseTarget(text: string, options?: TargetOptions): Target {
  const { port: given, starttls } = checkOptions(options, optionKeys)
  const fallback = given === undefined ? defaultPort(starttls) : checkPort('port', given)
  const whole = checkText('target', text).trim()
  const wrong = () => invalid('target', 'HOST or HOST:PORT, an IPv6 address in brackets before a port', text)
  if (/[/?#@\\]/.test(whole)) throw invalid('target', `HOST or HOST:PORT alone${exampleFor(whole)}`, text)

  if (isIPv6(whole)) return targetOf(whole, fallback, wrong)
  const [, bracketed, plain = '', written] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(whole) ?? []
  if (bracketed !== undefined && !isIPv6(bracketed)) throw wrong()
  return targetOf(bracketed ?? plain, written === undefined ? fallback : portOf(written, text), wrong)
}

/** The one text for a target, from which parseTarget() makes it again. */
export function targetName({ host, port }: HostAndPort): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`
}

/**
 * A host as connections and names of certificates have it: undefined for what can be none. A name has labels of 63
 * characters at most, and 253 in all (RFC 1035, 2.3.4).
 */
export function canonicalHost(text: string): string | undefined {
  if (isIPv6(text)) return canonicalIPv6(text)
  // All of what would make domainToASCII() take a part of it for something else than a host, or decode it.
  if (/[\s/?#@\\:[\]%]/u.test(text)) return undefined
  const host = domainToASCII(text)
  const name = host.replace(/\.$/, '')
  const fits = name.length <= 253 && name.split('.').every((label) => label.length > 0 && label.length <= 63)
  return fits ? host : undefined
}

const optionKeys = ['port', 'starttls'] satisfies (keyof TargetOptions)[]

function defaultPort(starttls: StartTlsProtocol | undefined): number {
  return starttls === undefined ? 443 : defaultPortOf(checkProtocol('starttls', starttls))
}

function targetOf(text: string, port: number, wrong: () => Error): Target {
  const host = canonicalHost(text)
  if (host === undefined) throw wrong()
  return isIP(host) === 0 ? { host, port, servername: host.replace(/\.$/, '') } : { host, port }
}

function portOf(written: string, text: string): number {
  const port = /^\d{1,5}$/.test(written) ? Number(written) : 0
  if (port < 1 || port > 65535) throw invalid('target', 'a port from 1 to 65535', text)
  return port
}

/** A port that connections can go to. */
function checkPort(name: string, port: unknown): number {
  if (typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65535) return port
  throw invalid(name, 'a port from 1 to 65535', port)
}

// A URL has them all: what was meant can be told.
function exampleFor(text: string): string {
  const address = URL.canParse(text) ? new URL(text).host : ''
  return address === '' ? '' : `, here ${address}`
}

// The shortest form, but for the zone, which belongs to this machine.
function canonicalIPv6(text: string): string {
  const [address = '', ...zone] = text.split('%')
  return [new URL(`ws://[${address}]`).hostname.slice(1, -1), ...zone].join('%')
}
