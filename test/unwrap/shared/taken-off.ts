/**
 * TLS on a net.Socket that can be taken off again, whoever has put it there: startTls() or a TlsStream. The cases in this folder
 * run on each.
 */
import type { Socket } from 'node:net'
import { type Duplex, Readable } from 'node:stream'
import { expect } from 'vitest'
import { UnwrapError } from '../../../lib/index.js'
import type { ClosureReport, UnwrapOptions } from '../../../lib/stream/index.js'
import type { Side } from '../../../lib/tls/records.js'
import type { EngineEnd } from '../../support/engine-end.js'
import type { TlsVersion } from '../../support/pair.js'
import { turns } from '../../support/streams.js'

export interface OnTcp {
  readonly tcp: Socket
  /** The TLSSocket, or the TlsStream. */
  readonly tls: Duplex
  readonly unwrap: (options?: UnwrapOptions) => Promise<Duplex>
  readonly report: () => Promise<ClosureReport>
  readonly peer: EngineEnd
  /** The peer's end of TCP. */
  readonly far: Socket
  /** Those of 'error' of `tls`. */
  readonly errors: readonly Error[]
}

/** Who puts TLS on, and how. */
export interface Way {
  readonly name: string
  readonly version: TlsVersion
  readonly near: Side
  /** After the handshake; `before` sees our end of TCP first. */
  readonly begin: (before?: (tcp: Socket) => void) => Promise<OnTcp>
  /** Puts TLS on, of that side, and waits for nothing. */
  readonly put: (tcp: Socket, side: Side) => Put
}

interface Put {
  readonly tls: Duplex
  readonly unwrap: OnTcp['unwrap']
  /** Resolves when the handshake is done. */
  readonly secured: Promise<void>
}

/** Time that no test takes. */
export const ample = { flushTimeout: 20_000, waitTimeout: 20_000 } as const

/** Waits until something is so: turns of the event loop, with TCP at work between them. */
export async function until(isSo: () => boolean): Promise<void> {
  const hangs = performance.now() + 20_000
  while (!isSo()) {
    await turns(1)
    if (performance.now() > hangs) throw new Error(`Expected ${String(isSo)} to become true`)
  }
}

/** Runs an unwrap that has to fail; gives its error. */
export async function failing(unwrapped: Promise<unknown>): Promise<UnwrapError> {
  const error: unknown = await unwrapped.then(
    () => new Error('it was unwrapped'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof UnwrapError)) throw error
  return error
}

/** Whatever of ours is still on a stream that was TLS's. */
export function leftOn(stream: Duplex): readonly string[] {
  return ['write', 'end', '_write', '_writev'].filter((name) => Object.hasOwn(stream, name))
}

/** Waits until TLS and TCP are gone, and sees that nothing of ours is left on the net.Socket. */
export async function bothGone({ tls, tcp }: OnTcp): Promise<void> {
  await until(() => tls.closed && tcp.closed)
  await turns(1)
  expect(leftOn(tcp)).toEqual([])
}

/** All that is read of a stream from now on. */
export function textOf(stream: Duplex): { text: string } {
  const read = { text: '' }
  stream.on('data', (data: Buffer) => {
    read.text += String(data)
  })
  return read
}

/** The literal code of an error of ours. */
export function withCode(code: string): { readonly name: 'ClosureError'; readonly code: string } {
  return { name: 'ClosureError', code }
}

/** A stream that gives each piece in its _read(), at once: so pipe() of Node 26 goes past write(). */
export function sourceOf(piece: string, count: number): Readable {
  let left = count
  return new Readable({
    read() {
      this.push(left-- > 0 ? Buffer.from(piece) : null)
    },
  })
}
