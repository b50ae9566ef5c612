/** Every known cause, and which of them explains a difference: the first that matches. */
import type { TlsVersion } from '../../../tls/versions.js'
import { isAmong } from '../../scenarios/expectations.js'
import type { BuildIdentity } from '../../scenarios/types.js'
import { boringsslCauses } from './boringssl.js'
import type { Cause, Seen } from './cause.js'
import { opensslCauses } from './openssl.js'

/** In the order in which they are tried. */
export const knownCauses: readonly Cause[] = [...boringsslCauses, ...opensslCauses]

/** A cause, and where the replacement leads: to the builds that it is about, or away from them. */
export interface DirectedCause {
  readonly cause: Cause
  readonly direction: 'arriving' | 'leaving'
}

/** The known causes that can matter between two builds: those that are about one of them alone. */
export function causesBetween(from: BuildIdentity, to: BuildIdentity): readonly DirectedCause[] {
  return knownCauses.flatMap((cause): readonly DirectedCause[] => {
    const [ofFrom, ofTo] = [isAmong(cause.builds, from), isAmong(cause.builds, to)]
    if (ofFrom === ofTo) return []
    return [{ cause, direction: ofTo ? 'arriving' : 'leaving' }]
  })
}

export function causeOf(
  causes: readonly DirectedCause[],
  from: Seen,
  to: Seen,
  tls: TlsVersion,
): DirectedCause | undefined {
  return causes.find(({ cause, direction }) =>
    direction === 'arriving' ? cause.matches(from, to, tls) : cause.matches(to, from, tls),
  )
}
