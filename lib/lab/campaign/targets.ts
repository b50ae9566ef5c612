// What two targets have in common, as far as it can be told from their text. It is not parseTarget() of the transport, which
// refuses what is no host: a text that is refused has its result in a journal too, and the keys of a journal have to stay.
import { domainToASCII } from 'node:url'

/**
 * The host name of HOST, HOST:PORT, [IPV6], [IPV6]:PORT or a bare IPv6 address, in lower case, without the root's dot at its
 * end, and as DNS has it where it is not ASCII (RFC 5891). Another text is taken as a host name whole.
 */
export function hostNameOf(target: string): string {
  return splitTarget(target).host
}

/** The same for targets that differ only in how their host name is written. */
export function keyOf(target: string): string {
  const { host, port } = splitTarget(target)
  return `${host} ${port}`
}

function splitTarget(target: string): { readonly host: string; readonly port: string } {
  const [, address, behind = ''] = /^\[([^\]]*)\](?::(.*))?$/s.exec(target) ?? []
  if (address !== undefined) return { host: sameForAll(address), port: behind }
  const [host = '', port = '', ...more] = target.split(':')
  // More than one colon is an address of IPv6 without brackets, which can have no port.
  return more.length > 0 ? { host: sameForAll(target), port: '' } : { host: sameForAll(host), port }
}

function sameForAll(name: string): string {
  const lower = name.toLowerCase().replace(/(?<=.)\.$/, '')
  // ASCII has a byte for each character. There domainToASCII() has nothing to do, and would drop what follows a slash.
  if (Buffer.byteLength(lower) === lower.length) return lower
  // Empty where it is no name that DNS can have.
  return domainToASCII(lower) || lower
}
