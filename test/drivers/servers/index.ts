/** What the programs of the round talk to, each started on 127.0.0.1 for one driver and stopped behind it. */
import type { Place } from '../../field/place.js'
import { mariadb, mosquitto, postgresql, redis, slapd } from './data.js'
import { dovecot, exim, vsftpd } from './mail-and-files.js'
import { nodeServers } from './node.js'

/** A server of the round. */
export interface RoundServer {
  /** As a table has it. */
  readonly title: string
  /** Its folder in .cache/peers; absent where it is Node itself. */
  readonly peer?: string
  /** The package of Debian that its version is of. */
  readonly debianPackage?: string
  /** It looks for its own files where Debian has them: test/field/overlay.ts. */
  readonly isLaidOver?: true
  /** Resolves when it accepts connections. Nothing is left behind where it rejects. */
  readonly start: (place: Place) => Promise<StartedServer>
}

export interface StartedServer {
  readonly port: number
  /** More that its program has to know. */
  readonly env?: Readonly<Record<string, string>>
  /** Resolves when it and all of its processes are gone. */
  readonly stop: () => Promise<void>
}

export const servers = {
  ...{ mariadb, postgresql, redis, mosquitto, slapd, vsftpd, dovecot, exim },
  ...nodeServers,
} as const satisfies Readonly<Record<string, RoundServer>>

export type ServerName = keyof typeof servers
