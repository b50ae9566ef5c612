/**
 * Endings of a stream other than FIN and RST alone. A relay puts each in the place of the sender's close_notify.
 *
 *     const relay = await startEndingRelay({ ending: 'a fatal alert', from: 'server', port })
 *     server.on('keylog', (line) => relay.keys.add(line))
 */
import { onTestFinished } from 'vitest'
import type { TlsVersion } from '../../support/pair.js'
import { type Relay, startRelay } from '../../support/relay.js'
import {
  alertRecord,
  type Crafted,
  damagedRecord,
  fin,
  isCloseNotify,
  tooManyWarnings,
} from '../../support/tampering.js'
import type { Side } from '../../support/wire.js'

const userCanceled = alertRecord('warning', 'user_canceled')

const endings = {
  close_notify: { records: ['pass'], inOrder: true },
  'user_canceled, close_notify': { records: [userCanceled, 'pass'], inOrder: true },
  'user_canceled, FIN': { records: [userCanceled, fin], inOrder: false },
  'a fatal alert': { records: [alertRecord('fatal', 'internal_error'), fin], inOrder: false },
  'a fatal alert without FIN': { records: [alertRecord('fatal', 'internal_error')], inOrder: false },
  'too many warnings': { records: [...tooManyWarnings, fin], inOrder: false },
  'a damaged record': { records: [damagedRecord, fin], inOrder: false },
} as const satisfies Record<string, { readonly records: readonly Crafted[]; readonly inOrder: boolean }>

const endingsOf12 = {
  'a fatal close_notify': { records: [alertRecord('fatal', 'close_notify'), fin], inOrder: false },
  'a fatal user_canceled': { records: [alertRecord('fatal', 'user_canceled'), fin], inOrder: false },
} as const

const endingsOf13 = {
  'an error alert at level warning': { records: [alertRecord('warning', 'internal_error'), fin], inOrder: false },
} as const

const all = { ...endings, ...endingsOf12, ...endingsOf13 }

export type Ending = keyof typeof all

export function isEnding(name: string): name is Ending {
  return Object.hasOwn(all, name)
}

export function endingsIn(version: TlsVersion): readonly Ending[] {
  const own = version === 'TLSv1.2' ? endingsOf12 : endingsOf13
  return Object.keys({ ...endings, ...own }).filter(isEnding)
}

/** Whether an ending says that this is all. */
export function isInOrder(ending: Ending): boolean {
  return all[ending].inOrder
}

interface EndingRelay {
  readonly ending: Ending
  readonly from: Side
  readonly port: number
}

export async function startEndingRelay({ ending, from, port }: EndingRelay): Promise<Relay> {
  const { records } = all[ending]
  const relay = await startRelay({ port, onRecord: (record) => (isCloseNotify(record, from) ? records : 'pass') })
  onTestFinished(relay.close)
  return relay
}
