/** The form of a profile with its script. */
import type { TlsVersion } from '../../../tls/versions.js'
import type { Asking } from '../asking.js'
import type { Serving } from '../serving.js'

interface Definition {
  /** One sentence: what it does. */
  readonly does: string
  /** Where that is documented, or was reported. */
  readonly documented: string
  /** @default both */
  readonly versions?: readonly TlsVersion[]
}

export interface ServerDefinition extends Definition {
  readonly script: (serving: Serving) => Promise<void>
  /** It sends records that no SSL sends by itself. */
  readonly forges?: true
  /** Session tickets that it sends, in TLS 1.3: none, where nothing is said, for they come between all else. */
  readonly tickets?: number
  /** Its script runs in place of the handshake: once the client has sent something, before OpenSSL answers. */
  readonly insteadOfHandshake?: true
}

export interface ClientDefinition extends Definition {
  readonly script: (asking: Asking) => Promise<void>
}
