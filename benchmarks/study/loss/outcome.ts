import type { Way } from './situations.js'
import type { Claim } from './way.js'

/** One run: what was written, and what became of it. */
export interface Outcome {
  readonly way: Way
  /** Bytes that the closer's application wrote, the head of a response not counted. */
  readonly written: number
  /** Bytes of them that the peer's application read. */
  readonly read: number
  /** How the peer's reading failed: 'none', 'reset' for a RST, or the code of another error. */
  readonly failure: string
  /** Sessions that the client was given, whichever side closed. */
  readonly tickets: number
  /** Whether the client's next connection resumed. */
  readonly resumed: boolean
  /** What the package's report claims; undefined for Node's own ways. */
  readonly claim: Claim | undefined
}
