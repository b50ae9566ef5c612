/** Every client profile against a server: the other direction of an assessment. */
import type { TlsVersion } from '../../tls/versions.js'
import { connectAs, type ConnectOptions } from '../peers/connect.js'
import { type PeerLogEntry, since } from '../peers/log.js'
import { type ClientProfileName, clientProfileNames } from '../peers/profiles.js'
import { TransportFailure } from '../transport/failure.js'
import { packageVersion } from '../version.js'

/** It is JSON as it is: `format` changes where a field changes its meaning or goes. */
export interface ServerAssessment {
  readonly format: 1
  readonly kind: 'server-assessment'
  /** ISO 8601. */
  readonly date: string
  readonly madeBy: { readonly 'close-notify': string; readonly node: string }
  readonly host: string
  readonly port: number
  readonly runs: readonly ServerRun[]
}

/** A client profile's connection. Where there was none, or the handshake failed, `entry` says why. */
export interface ServerRun {
  readonly profile: ClientProfileName
  readonly version: TlsVersion
  readonly entry: PeerLogEntry
}

/**
 * Options of {@link assessServer}: the server, the versions of TLS to connect in,
 * and what `connectAs()` takes for each connection.
 */
export interface ServerAssessmentOptions extends ConnectOptions {
  readonly host: string
  readonly versions: readonly TlsVersion[]
  /** Called after each run, with how many are done and how many there will be. */
  readonly onRun?: (done: number, total: number) => void
}

/**
 * Connects to a server as each client profile, once in each version of TLS. A connection that does not come to be is a
 * run with its reason.
 *
 * @throws as `connectAs` otherwise; the signal's reason
 */
export async function assessServer({ onRun, ...options }: ServerAssessmentOptions): Promise<ServerAssessment> {
  const date = new Date().toISOString()
  const runs: ServerRun[] = []
  const total = options.versions.length * clientProfileNames.length
  for (const version of options.versions) {
    for (const profile of clientProfileNames) {
      const entry = await entryOf(profile, { ...options, versions: [version] })
      options.signal?.throwIfAborted()
      runs.push({ profile, version, entry })
      onRun?.(runs.length, total)
    }
  }
  const madeBy = { 'close-notify': packageVersion(), node: process.versions.node }
  return { format: 1, kind: 'server-assessment', date, madeBy, host: options.host, port: options.port, runs }
}

async function entryOf(profile: ClientProfileName, options: ConnectOptions): Promise<PeerLogEntry> {
  const date = new Date().toISOString()
  const began = performance.now()
  try {
    return await connectAs(profile, options)
  } catch (error) {
    if (!(error instanceof TransportFailure)) throw error
    const { reason, detail } = error
    return {
      ...{ format: 1, profile, side: 'client', connection: 1, date },
      handshake: { kind: 'failed', reason: detail === undefined ? reason : `${reason}: ${detail}` },
      did: [],
      other: { closing: 'open', bytes: 0 },
      endedAt: since(began, performance.now()),
    }
  }
}

/** Whether the server could not be assessed by a run: there was no TLS. */
export function hasFailed({ entry }: ServerRun): boolean {
  return entry.handshake.kind === 'failed'
}
