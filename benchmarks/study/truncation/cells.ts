/** What is swept over, and by whom. */
import type { Framing } from './responses.js'

export const protocols = ['TLSv1.2', 'TLSv1.3'] as const
export type Protocol = (typeof protocols)[number]

export const endings = ['FIN', 'RST'] as const
export type Ending = (typeof endings)[number]

export const policies = ['none', 'onTruncation: error'] as const
export type Policy = (typeof policies)[number]

export const nodeClients = ['https.get', 'fetch', 'undici', 'http2', 'https over TlsStream'] as const
export type NodeClient = (typeof nodeClients)[number]

const pythonClients = ['http.client', 'urllib', 'libcurl-gnutls'] as const
export const programClients = ['curl', 'wget'] as const
export type ProgramClient = (typeof programClients)[number]

export const clients = [...nodeClients, ...programClients, ...pythonClients] as const
export type Client = (typeof clients)[number]

/** A type and not an interface, so that it is one of the cell's parameters as it stands. */
export type Sweep = {
  readonly client: Client
  readonly framing: Framing
  readonly protocol: Protocol
  readonly ending: Ending
  readonly policy: Policy
}

const overHttp1 = ['close-delimited', 'content-length', 'chunked'] as const

export function framingsOf(client: Client): readonly Framing[] {
  if (client === 'http2') return ['http2']
  return client === 'curl' ? [...overHttp1, 'http2'] : overHttp1
}

/** A TlsStream is as strict by itself as sockets are under the policy. */
export function policiesOf(client: Client): readonly Policy[] {
  if (client === 'https over TlsStream') return ['onTruncation: error']
  return nodeClients.some((one) => one === client) ? policies : ['none']
}

export function sweepsOf(client: Client, protocol: Protocol): readonly Sweep[] {
  return framingsOf(client).flatMap((framing) =>
    endings.flatMap((ending) => policiesOf(client).map((policy) => ({ client, framing, protocol, ending, policy }))),
  )
}
