/** The records of a connection in one form, whoever read them: `client 22 0x0301 216 handshake client_hello`. */
import { createHash } from 'node:crypto'
import { KeyLog } from '../../lib/tls/keys.js'
import { Decoder, Framer, type RecordContent, Session, type Side } from '../../lib/tls/records.js'
import { cut } from '../support/pcap.js'
import type { KeptConnection, TsharkConnection, TsharkRecord } from '../support/tshark.js'

/** As lib/tls/records.ts reads them, from segments as TCP has them. */
export function linesByUs({ sent, keylog }: KeptConnection): readonly string[] {
  const keys = new KeyLog()
  for (const line of keylog) keys.add(line)
  const session = new Session(keys)
  const reader = (side: Side) => ({ framer: new Framer(), decoder: new Decoder(side, session) })
  const readers = { client: reader('client'), server: reader('server') }
  return sent.flatMap(({ from, bytes }) => {
    const { framer, decoder } = readers[from]
    return cut(bytes)
      .flatMap((segment) => framer.push(segment))
      .map((piece) => {
        if (piece.kind === 'plaintext') return `${from} plaintext ${piece.bytes.length}`
        const { record } = piece
        const decoded = decoder.decode(record)
        const content = decoded === 'no-keys' ? decoded : contentLine(decoded.content)
        return lineOf({ from, type: record.type, version: record.version, length: record.body.length }, content)
      })
  })
}

export function linesByTshark(connection: TsharkConnection | undefined): readonly string[] {
  return recordsOf(connection).map((record) => lineOf(record, contentLine(record.content)))
}

/** What one side sent, by the messages in its records, as the engine has events for them. */
export function messagesOf(connection: TsharkConnection | undefined, from: Side): readonly string[] {
  return recordsOf(connection).flatMap((record) => {
    if (record.from !== from) return []
    const { content } = record
    if (content.kind === 'alert') return [contentLine(content)]
    // It is a server_hello by its type, RFC 8446 section 4.1.4.
    const typeOf = (name: string): string => (name === 'hello_retry_request' ? 'server_hello' : name)
    if (content.kind === 'handshake') return content.messages.map((name) => `handshake ${typeOf(name)}`)
    return content.kind === 'change_cipher_spec' ? [content.kind] : []
  })
}

function recordsOf(connection: TsharkConnection | undefined): readonly TsharkRecord[] {
  if (connection === undefined) throw new Error('Expected a connection that tshark has read')
  return connection.records
}

function lineOf(header: Omit<TsharkRecord, 'content'>, content: string): string {
  const { from, type, version, length } = header
  return `${from} ${type} 0x${version.toString(16).padStart(4, '0')} ${length} ${content}`
}

function contentLine(content: RecordContent | TsharkRecord['content']): string {
  switch (content.kind) {
    case 'handshake':
      return ['handshake', ...content.messages].join(' ')
    case 'alert':
      return `alert ${content.level} ${content.name}`
    case 'data': {
      const hash = createHash('sha256').update(content.bytes).digest('hex').slice(0, 8)
      return `data ${content.bytes.length} ${hash}`
    }
    case 'change_cipher_spec':
    case 'malformed-alert':
    case 'undecryptable':
      return content.kind
  }
}
