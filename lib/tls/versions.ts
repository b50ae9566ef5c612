// Protocol versions, by the names that OpenSSL has for them and by the numbers of the wire.

/** The versions that can be asked for: RFC 8446 section 4.1.2, RFC 5246 appendix E. */
export const protocolNumbers = { TLSv1: 0x0301, 'TLSv1.1': 0x0302, 'TLSv1.2': 0x0303, 'TLSv1.3': 0x0304 } as const

const names = { SSLv3: 0x0300, ...protocolNumbers } as const

/**
 * A protocol version, by the name that OpenSSL has for it.
 * @useDeclaredType
 */
export type SslProtocol = keyof typeof protocolNumbers

/** @inline */
type KnownVersion = keyof typeof names

/** A protocol version by the name that OpenSSL has for it, or its number in hexadecimal. */
export type SslVersionName = KnownVersion | `0x${string}`

/** The versions that RFC 8996 has left in use, which the instruments know. */
export const tlsVersions = ['TLSv1.2', 'TLSv1.3'] as const satisfies readonly SslProtocol[]

/**
 * A version of TLS that the instruments of the lab use: RFC 8996 has left these two in use.
 * @useDeclaredType
 */
export type TlsVersion = (typeof tlsVersions)[number]

/** Whether a name is that of a version which the instruments know. */
export function isTlsVersion(name: string): name is TlsVersion {
  return tlsVersions.some((version) => version === name)
}

const protocolOfNumber = byNumber(protocolNumbers)
const nameOfNumber = byNumber(names)

/** The version that a number of the wire stands for; undefined for SSL 3.0 and for what is no version. */
export function protocolOf(number: number): SslProtocol | undefined {
  return protocolOfNumber.get(number)
}

/** The name of a number of the wire, whether it is a version or not. */
export function versionName(number: number): SslVersionName {
  return nameOfNumber.get(number) ?? `0x${number.toString(16).padStart(4, '0')}`
}

/** Whether a number of the wire is TLS 1.3 or newer. */
export function isTls13(number: number): boolean {
  return number >= protocolNumbers['TLSv1.3']
}

function byNumber<T extends string>(numbers: Readonly<Record<T, number>>): ReadonlyMap<number, T> {
  const result = new Map<number, T>()
  for (const name in numbers) result.set(numbers[name], name)
  return result
}
