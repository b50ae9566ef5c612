import type tls from 'node:tls'

/** One way of closing, as the process that closes uses it. */
export interface Closer {
  /** Called with a server before it listens. */
  control(server: tls.Server): void
  /**
   * Called with a connection when its handshake is done. Resolves when the connection is over with what the package's
   * report claims about it, which is nothing for Node's own ways.
   */
  watch(socket: tls.TLSSocket): Promise<Claim | undefined>
  close(socket: tls.TLSSocket): void
}

/** What a report says that the peer can contradict. */
export interface Claim {
  readonly verdict: string
  readonly sent: string
  /** Absent where the report has none. */
  readonly undelivered?: number
}

/** A claim as words of an answer, `-` for what is absent. */
export function claimWords(claim: Claim | undefined): string {
  return [claim?.verdict ?? '-', claim?.sent ?? '-', claim?.undelivered ?? '-'].join(' ')
}

export function parseClaim([verdict = '-', sent = '-', undelivered = '-']: readonly string[]): Claim | undefined {
  if (verdict === '-') return undefined
  return { verdict, sent, ...(undelivered !== '-' && { undelivered: Number(undelivered) }) }
}
