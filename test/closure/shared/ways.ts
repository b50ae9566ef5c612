/** Connections whose closing is under test, whoever closes them: Node's own sockets by closureOf(), or a TlsStream. */
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { ClosureReport, FlushOptions } from '../../../lib/index.js'
import type { StreamShutdownOptions } from '../../../lib/stream/index.js'
import type { TlsVersion } from '../../support/pair.js'
import type { Side, Wire } from '../../support/wire.js'
import { connectSides, type MoreOptions, sides } from '../sides.js'

export interface ClosingWay {
  readonly name: string
  readonly version: TlsVersion
  readonly near: Side
  /** After the handshake. */
  readonly connect: (more?: Omit<MoreOptions, 'overDuplex'>) => Promise<Closable>
}

export interface Closable {
  readonly near: Side
  readonly far: Side
  /** The one whose closure is under test. */
  readonly local: Duplex
  /** A socket of Node's. */
  readonly peer: TLSSocket
  readonly wire: Wire
  readonly closure: {
    readonly report: Promise<ClosureReport>
    shutdown(options?: StreamShutdownOptions): Promise<ClosureReport>
    closeNotify(options?: FlushOptions): Promise<void>
  }
  /** Those of 'error'. */
  readonly localErrors: readonly Error[]
}

export const nodeWays: readonly ClosingWay[] = sides.map((options) => ({
  name: 'closureOf()',
  ...options,
  connect: (more) => connectSides(options, more),
}))
