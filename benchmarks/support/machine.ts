import { readFileSync } from 'node:fs'
import os from 'node:os'
import { sourceFile } from './source-file.js'

/** The machine, on which a result depends as much as on the program. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly system: string
  /** What TCP of this kernel slows down by; absent where it cannot be read. */
  readonly congestionControl?: string
  /** Mean number of runnable processes over the last minute, before the run. */
  readonly load: number
}

/** Versions of what is measured. */
export interface Versions {
  readonly 'close-notify': string
  readonly node: string
  readonly openssl: string
}

export function describeMachine(): Machine {
  const control = congestionControl()
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    ...(control !== undefined && { congestionControl: control }),
    load: os.loadavg()[0] ?? 0,
  }
}

export function describeVersions(): Versions {
  return { 'close-notify': packageVersion(), node: process.version, openssl: process.versions.openssl }
}

function congestionControl(): string | undefined {
  try {
    return readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'utf8').trim()
  } catch {
    return undefined
  }
}

function packageVersion(): string {
  const content: unknown = JSON.parse(readFileSync(sourceFile('package.json'), 'utf8'))
  const known = typeof content === 'object' && content !== null && 'version' in content
  return known && typeof content.version === 'string' ? content.version : 'unknown'
}
