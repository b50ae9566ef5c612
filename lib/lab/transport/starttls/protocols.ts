/** The protocols that go over to TLS on their own port, and that port. */
import { checkOneOf } from '../../../options.js'

const ports = {
  smtp: 25,
  imap: 143,
  pop3: 110,
  ftp: 21,
  postgres: 5432,
  mysql: 3306,
  ldap: 389,
  xmpp: 5222,
  'xmpp-server': 5269,
} as const

/**
 * A protocol that begins in plaintext and goes over to TLS on the same port.
 * @useDeclaredType
 */
export type StartTlsProtocol = keyof typeof ports

/** Their names, in the order in which they are listed for people. */
export const startTlsProtocols: readonly StartTlsProtocol[] = Object.keys(ports).filter(isProtocol)

/**
 * One of the protocols.
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT
 */
export function checkProtocol(name: string, value: unknown): StartTlsProtocol {
  return checkOneOf(name, value, startTlsProtocols)
}

export function defaultPortOf(protocol: StartTlsProtocol): number {
  return ports[protocol]
}

function isProtocol(name: string): name is StartTlsProtocol {
  return Object.hasOwn(ports, name)
}
