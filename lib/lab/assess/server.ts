/** Every client profile against a server: the other direction of an assessment. */
import type { TlsVersion } from '../../tls/versions.js'
import { connectAs, type ConnectOptions } from '../peers/connect.js'
import type { PeerLogEntry } from '../peers/log.js'
import { type ClientProfileName, clientProfileNames } from '../peers/profiles.js'
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

/** A client profile's connection. Where the handshake failed, `entry` says why. */
export interface ServerRun {
  readonly profile: ClientProfileName
  readonly version: TlsVersion
  readonly entry: PeerLogEntry
}

export interface ServerAssessmentOptions extends ConnectOptions {
  readonly host: string
  readonly versions: readonly TlsVersion[]
  readonly onRun?: (done: number, total: number) => void
}

/**
 * Connects to a server as each client profile, once in each version of TLS.
 *
 * @throws as `connectAs`; the signal's reason
 */
export async function assessServer({ onRun, ...options }: ServerAssessmentOptions): Promise<ServerAssessment> {
  const date = new Date().toISOString()
  const runs: ServerRun[] = []
  const total = options.versions.length * clientProfileNames.length
  for (const version of options.versions) {
    for (const profile of clientProfileNames) {
      const entry = await connectAs(profile, { ...options, versions: [version] })
      options.signal?.throwIfAborted()
      runs.push({ profile, version, entry })
      onRun?.(runs.length, total)
    }
  }
  const madeBy = { 'close-notify': packageVersion(), node: process.versions.node }
  return { format: 1, kind: 'server-assessment', date, madeBy, host: options.host, port: options.port, runs }
}

/** Whether the server could not be assessed by a run: there was no TLS. */
export function hasFailed({ entry }: ServerRun): boolean {
  return entry.handshake.kind === 'failed'
}
