/**
 * A peer that misbehaves, made of any real peer: the relay decrypts each record, asks `onRecord` what becomes of it,
 * and seals what goes on with sequence numbers of its own. TLS 1.2 and 1.3, both directions.
 *
 *     onRecord: (record) => isCloseNotify(record, 'server') ? 'drop' : 'pass'                        silent
 *     …                  ? [alertRecord('warning', 'user_canceled'), 'pass'] : 'pass'               user_canceled first
 *     …                  ? [alertRecord('fatal', 'internal_error')] : 'pass'                         instead of it
 *     …                  ? ['pass', plaintext('220 go on')] : 'pass'                                 in one segment
 *     …                  ? [rst] : 'pass'
 *
 * `'pass'` inside a list stands for the record itself. After `fin` nothing of that side goes on; `rst` ends the
 * connection for both sides. What comes out of the records of one read goes out in one write.
 *
 * A relay with `onRecord` passes on nothing that it cannot decrypt yet: without a keylog it stalls after ServerHello.
 */
import type { Delivery } from './lane.js'
import { alertBytes, type KnownLevel } from '../../lib/tls/alerts.js'
import type { Protection } from '../../lib/tls/keys.js'
import { contentType, recordHeader } from '../../lib/tls/record-format.js'
import type { RecordContent, Side } from '../../lib/tls/records.js'

export type TamperRecord = RecordContent & { readonly from: Side }

export type Crafted =
  | 'pass'
  /** A record of the test's, sealed with the key that is in force. */
  | { readonly kind: 'record'; readonly type: keyof typeof contentType; readonly bytes: Buffer }
  /** Bytes that go on the wire as they are. */
  | { readonly kind: 'plaintext'; readonly bytes: Buffer }
  | { readonly kind: 'fin' }
  | { readonly kind: 'rst' }

export type OnRecord = (record: TamperRecord) => 'pass' | 'drop' | readonly Crafted[]

export function isCloseNotify(record: TamperRecord, from: Side): boolean {
  return record.from === from && record.kind === 'alert' && record.name === 'close_notify'
}

export function alertRecord(level: KnownLevel, name: string): Crafted {
  return { kind: 'record', type: 'alert', bytes: alertBytes(level, name) }
}

/** One alert over two records: its level, then its description. */
export function fragmentedAlert(level: KnownLevel, name: string): readonly Crafted[] {
  const bytes = alertBytes(level, name)
  return [bytes.subarray(0, 1), bytes.subarray(1)].map((part) => ({ kind: 'record', type: 'alert', bytes: part }))
}

export function dataRecord(bytes: Buffer | string): Crafted {
  return { kind: 'record', type: 'data', bytes: Buffer.from(bytes) }
}

export function plaintext(bytes: Buffer | string): Crafted {
  return { kind: 'plaintext', bytes: Buffer.from(bytes) }
}

export const fin: Crafted = { kind: 'fin' }
export const rst: Crafted = { kind: 'rst' }

/** Returns the records of a list of crafted things, with `original` where it says `pass`. */
export function craftedDeliveries(
  list: readonly Crafted[],
  protection: Protection | undefined,
  content?: RecordContent,
  original?: Delivery,
): Delivery[] {
  const seal = (type: number, bytes: Buffer): Delivery => ({
    kind: 'bytes',
    bytes: protection?.seal(type, bytes) ?? Buffer.concat([recordHeader(type, bytes.length), bytes]),
  })
  return list.map((crafted): Delivery => {
    if (crafted !== 'pass') {
      if (crafted.kind === 'record') return seal(contentType[crafted.type], crafted.bytes)
      return crafted.kind === 'plaintext' ? { kind: 'bytes', bytes: crafted.bytes } : { kind: crafted.kind }
    }
    if (content === undefined || original === undefined) throw new TypeError('Expected a record to pass')
    if (protection === undefined || content.kind === 'undecryptable') return original
    if (protection.inStep) {
      protection.skip()
      return original
    }
    return seal(contentType[content.kind === 'malformed-alert' ? 'alert' : content.kind], content.bytes)
  })
}

/** A record that cannot be decrypted. */
export const damagedRecord = plaintext(Buffer.concat([Buffer.from([23, 3, 3, 0, 40]), Buffer.alloc(40)]))

/** So many warnings in a row that OpenSSL takes them for an attack and ends the connection: MAX_WARN_ALERT_COUNT. */
export const tooManyWarnings: readonly Crafted[] = Array.from({ length: 5 }, () =>
  alertRecord('warning', 'user_canceled'),
)
