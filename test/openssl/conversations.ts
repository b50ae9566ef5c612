/** What `programs/converses.mjs` prints of each conversation. */
import type { Sent } from '../support/pcap.js'
import type { KeptConnection } from '../support/tshark.js'

export interface Conversation extends KeptConnection {
  readonly name: string
  readonly version: string
  /** Of each side, in order: `sent handshake finished`, `received alert warning close_notify`. */
  readonly events: { readonly client: readonly string[]; readonly server: readonly string[] }
}

/** @throws where it is none */
export function conversationOf(printed: unknown): Conversation {
  const { name, version, chunks, keylog, events } = recordOf(printed)
  const { client, server } = recordOf(events)
  return {
    ...{ name: String(name), version: String(version), keylog: textsOf(keylog) },
    sent: listOf(chunks).map(sentOf),
    events: { client: textsOf(client), server: textsOf(server) },
  }
}

function sentOf(chunk: unknown): Sent {
  const { from, hex } = recordOf(chunk)
  if (from !== 'client' && from !== 'server') throw new Error(`Expected a side but received ${String(from)}`)
  return { from, bytes: Buffer.from(String(hex), 'hex') }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new Error(`Expected an object but received ${String(value)}`)
  return { ...value }
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`Expected a list but received ${String(value)}`)
  return value
}

function textsOf(value: unknown): readonly string[] {
  return listOf(value).map(String)
}
