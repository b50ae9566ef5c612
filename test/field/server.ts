/** A server of the field round: what it is, what it is asked for, and how it is started on 127.0.0.1. */
import type { StartTlsProtocol } from '../../lib/lab/transport/starttls/protocols.js'
import type { Place } from './place.js'

export interface FieldServer {
  /** As `--servers` and the result have it. */
  readonly name: string
  /** As the tables have it. */
  readonly title: string
  /** Its folder in .cache/peers; absent where the program comes with the machine or with Node. */
  readonly peer?: string
  /** It looks for its own files where Debian has them: they are mounted there for it alone, see overlay.ts. */
  readonly isLaidOver?: true
  readonly speech: Speech
  /** Resolves when it accepts connections. Nothing is left behind where it rejects. */
  readonly start: (place: Place) => Promise<StartedServer>
}

export interface StartedServer {
  readonly port: number
  /** Of the server, and of what does its TLS. */
  readonly version: string
  readonly library: string
  /** Resolves when it and all of its processes are gone. */
  readonly stop: () => Promise<void>
}

/** How the server is talked to. */
export interface Speech {
  readonly starttls?: Extract<StartTlsProtocol, keyof typeof dialogues>
  readonly request:
    | { readonly kind: 'http/1.1' | 'h2'; readonly path: string }
    /** A request that the server answers before it ends the connection: a goodbye of its protocol. */
    | { readonly kind: 'bytes'; readonly text: string }
}

type Dialogue = readonly { readonly say?: string; readonly until: RegExp }[]

/** How TLS is asked for, in the judge's own words: RFC 3207, RFC 3501, RFC 4217, PostgreSQL's SSLRequest. */
export const dialogues = {
  smtp: [{ until: /^220 /m }, { say: 'EHLO judge\r\n', until: /^250 /m }, { say: 'STARTTLS\r\n', until: /^220 /m }],
  imap: [{ until: /^\* OK/m }, { say: 'a STARTTLS\r\n', until: /^a OK/m }],
  ftp: [{ until: /^220 /m }, { say: 'AUTH TLS\r\n', until: /^234 /m }],
  postgres: [{ say: '\0\0\0\x08\x04\xd2\x16\x2f', until: /^S/ }],
} as const satisfies Record<string, Dialogue>
