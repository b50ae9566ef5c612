/** Alert descriptions by code: RFC 8446 section 6.2, RFC 5246 section 7.2, and the registry's additions. */
const names = {
  0: 'close_notify',
  10: 'unexpected_message',
  20: 'bad_record_mac',
  21: 'decryption_failed',
  22: 'record_overflow',
  30: 'decompression_failure',
  40: 'handshake_failure',
  41: 'no_certificate',
  42: 'bad_certificate',
  43: 'unsupported_certificate',
  44: 'certificate_revoked',
  45: 'certificate_expired',
  46: 'certificate_unknown',
  47: 'illegal_parameter',
  48: 'unknown_ca',
  49: 'access_denied',
  50: 'decode_error',
  51: 'decrypt_error',
  60: 'export_restriction',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
  86: 'inappropriate_fallback',
  90: 'user_canceled',
  100: 'no_renegotiation',
  109: 'missing_extension',
  110: 'unsupported_extension',
  111: 'certificate_unobtainable',
  112: 'unrecognized_name',
  113: 'bad_certificate_status_response',
  114: 'bad_certificate_hash_value',
  115: 'unknown_psk_identity',
  116: 'certificate_required',
  120: 'no_application_protocol',
} as const

/** RFC 5246 section 7.2; TLS 1.3 sends levels and ignores them, RFC 8446 section 6. */
const levels = { 1: 'warning', 2: 'fatal' } as const

/**
 * The name of an alert that has one.
 * @inline
 */
type KnownAlertName = (typeof names)[keyof typeof names]

/** An alert's name as the RFCs spell it, or `alert_<code>` for a code that has none. */
export type AlertName = KnownAlertName | `alert_${number}`

/** An alert's level as the RFCs spell it, or `level_<number>` for a number that is none. */
export type AlertLevel = KnownLevel | `level_${number}`

/**
 * A level that an alert can be sent with.
 * @inline
 */
export type KnownLevel = (typeof levels)[keyof typeof levels]

/** One alert, as the record layer decrypted or wrote it: RFC 8446 section 6, RFC 5246 section 7.2. */
export interface Alert {
  /** `sent` was written by this side, `received` was decrypted from the peer. */
  readonly direction: 'sent' | 'received'
  readonly level: AlertLevel
  readonly name: AlertName
  /** The description by number. */
  readonly code: number
  /** ms on the clock of `performance.now()`. */
  readonly at: number
}

const nameOfCode: ReadonlyMap<number, KnownAlertName> = new Map(
  Object.entries(names).map(([code, name]) => [Number(code), name]),
)

const codeOfName: ReadonlyMap<string, number> = new Map([...nameOfCode].map(([code, name]) => [name, code]))

const levelOfNumber: ReadonlyMap<number, KnownLevel> = new Map(
  Object.entries(levels).map(([number, level]) => [Number(number), level]),
)

/** The name of an alert description. */
export function alertName(code: number): AlertName {
  return nameOfCode.get(code) ?? `alert_${code}`
}

/** The level of an alert by name. */
export function alertLevel(number: number): AlertLevel {
  return levelOfNumber.get(number) ?? `level_${number}`
}

/** Whether it is the name of an alert that has one. */
export function isAlertName(name: string): boolean {
  return codeOfName.has(name)
}

/** An alert as the two bytes that its record holds. */
export function alertBytes(level: KnownLevel, name: string): Buffer {
  const code = codeOfName.get(name)
  if (code === undefined) throw new TypeError(`Expected the name of an alert but received ${name}`)
  return Buffer.from([level === 'warning' ? 1 : 2, code])
}
