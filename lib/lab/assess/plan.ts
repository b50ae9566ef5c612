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

/**
 * Their response is whole, and where nothing but its end tells the length of its body, only the close_notify that is
 * missing could say so.
 */
const endless: readonly ServerProfileName[] = ['bare-fin', 'fin-mid-alert', 'fatal-alert']

function runsOf(profile: ServerProfileName, body: number): readonly PlannedRun[] {
  const cut = (framing: Framing, at: number): PlannedRun => ({ profile, framing, sent: { kind: 'cut', at } })
  const whole = (framing: Framing): PlannedRun => ({ profile, framing, sent: { kind: 'whole' } })
  if (profile === 'truncates') {
    return framings.flatMap((framing) => cutsOf(framing, body).map((at) => cut(framing, at)))
  }
  const middle = Math.floor(body / 2)
  if (profile === 'fin-mid-record' || profile === 'truncates-by-reset') {
    return framings.map((framing) => cut(framing, middle))
  }
  // Where the end of the connection ends the body, this one says that all has come.
  if (profile === 'truncates-by-close-notify') {
    return framings.filter((framing) => framing !== 'close').map((framing) => cut(framing, middle))
  }
  if (profile === 'close-notify-in-handshake') {
    return [{ profile, framing: 'content-length', sent: { kind: 'nothing' } }]
  }
  return endless.includes(profile) ? [whole('content-length'), whole('close')] : [whole('content-length')]
}

/** At the head's end, in the middle, and where only the last is missing: a byte, or the last chunk. */
function cutsOf(framing: Framing, body: number): readonly number[] {
  return [...new Set([0, Math.floor(body / 2), framing === 'chunked' ? body : body - 1])]
}
