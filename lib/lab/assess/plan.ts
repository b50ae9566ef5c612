/** What a command is run against: every profile, and those that cut a response in each framing, at several bytes. */
import { type Framing, framings } from '../peers/http.js'
import type { ServerProfileName } from '../peers/profiles.js'
import type { Sent } from './result.js'

export interface PlannedRun {
  readonly profile: ServerProfileName
  readonly framing: Framing
  readonly sent: Sent
}

/** The runs of some profiles, with bodies of so many bytes. */
export function planOf(profiles: readonly ServerProfileName[], body: number): readonly PlannedRun[] {
  return profiles.flatMap((profile) => runsOf(profile, body))
}

function runsOf(profile: ServerProfileName, body: number): readonly PlannedRun[] {
  switch (profile) {
    case 'truncates':
      return framings.flatMap((framing) =>
        cutsOf(framing, body).map((at): PlannedRun => ({ profile, framing, sent: { kind: 'cut', at } })),
      )
    case 'fin-mid-record':
      return framings.map((framing) => ({ profile, framing, sent: { kind: 'cut', at: Math.floor(body / 2) } }))
    case 'close-notify-in-handshake':
      return [{ profile, framing: 'content-length', sent: { kind: 'nothing' } }]
    // The response is whole, and of a body without a length nothing but the missing close_notify tells that it could not be.
    case 'bare-fin':
    case 'fin-mid-alert':
    case 'fatal-alert':
      return [whole(profile, 'content-length'), whole(profile, 'close')]
    default:
      return [whole(profile, 'content-length')]
  }
}

/** At the head's end, in the middle, and where only the last is missing: a byte, or the last chunk. */
function cutsOf(framing: Framing, body: number): readonly number[] {
  return [...new Set([0, Math.floor(body / 2), framing === 'chunked' ? body : body - 1])]
}

function whole(profile: ServerProfileName, framing: Framing): PlannedRun {
  return { profile, framing, sent: { kind: 'whole' } }
}
