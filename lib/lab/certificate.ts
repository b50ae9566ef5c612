/**
 * X.509 certificates (RFC 5280), written in DER (X.690): Node makes keys and reads certificates, and makes none. P-256 and
 * SHA-256, a name, and the two extensions that verification looks at: whether it may sign others, and its hosts.
 */
import { createPublicKey, randomBytes, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'

export interface CertificateFacts {
  /** The common name. */
  readonly name: string
  /** Names and IPv4 addresses that it is for. */
  readonly hosts: readonly string[]
  /** Whether it may sign others, and may be trusted as a root. */
  readonly ca: boolean
  readonly notBefore: Date
  readonly notAfter: Date
  /** PEM of the key that it is for. */
  readonly key: string
  /** The common name of whoever signs it, and the PEM of that one's key. */
  readonly issuer: { readonly name: string; readonly key: string }
}

/** A certificate as PEM. */
export function certificateOf({ name, hosts, ca, notBefore, notAfter, key, issuer }: CertificateFacts): string {
  const toBeSigned = sequence(
    element(tag.version, integer(Buffer.of(2))),
    integer(serialNumber()),
    ecdsaWithSha256,
    nameOf(issuer.name),
    sequence(time(notBefore), time(notAfter)),
    nameOf(name),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    element(tag.extensions, sequence(basicConstraints(ca), subjectAltName(hosts))),
  )
  const signature = bitString(sign('sha256', toBeSigned, issuer.key))
  return pemOf(sequence(toBeSigned, ecdsaWithSha256, signature))
}

const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  dnsName: 0x82,
  ipAddress: 0x87,
  version: 0xa0,
  extensions: 0xa3,
} as const

// Object identifiers as DER holds them.
const oid = {
  commonName: '550403',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
  ecdsaWithSha256: '2a8648ce3d040302',
} as const

const ecdsaWithSha256 = sequence(identifier(oid.ecdsaWithSha256))

function nameOf(commonName: string): Buffer {
  const attribute = sequence(identifier(oid.commonName), element(tag.utf8String, Buffer.from(commonName)))
  return sequence(element(tag.set, attribute))
}

function basicConstraints(ca: boolean): Buffer {
  const critical = element(tag.boolean, Buffer.of(0xff))
  // False is its default, which DER leaves out.
  const value = sequence(...(ca ? [element(tag.boolean, Buffer.of(0xff))] : []))
  return sequence(identifier(oid.basicConstraints), critical, element(tag.octetString, value))
}

function subjectAltName(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    isIPv4(host)
      ? element(tag.ipAddress, Buffer.from(host.split('.').map(Number)))
      : element(tag.dnsName, Buffer.from(host, 'latin1')),
  )
  return sequence(identifier(oid.subjectAltName), element(tag.octetString, sequence(...names)))
}

// Positive, and without a first byte that DER would leave out.
function serialNumber(): Buffer {
  const serial = randomBytes(16)
  serial.writeUInt8((serial.readUInt8() & 0x3f) | 0x40)
  return serial
}

// RFC 5280, section 4.1.2.5: UTCTime has two digits of the year, and is good until 2049.
function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/\D/g, '').slice(0, 14)
  const text = date.getUTCFullYear() < 2050 ? digits.slice(2) : digits
  return element(date.getUTCFullYear() < 2050 ? tag.utcTime : tag.generalizedTime, Buffer.from(`${text}Z`))
}

function identifier(hex: string): Buffer {
  return element(tag.objectIdentifier, Buffer.from(hex, 'hex'))
}

function integer(value: Buffer): Buffer {
  return element(tag.integer, value)
}

// Behind the number of bits that are not used.
function bitString(value: Buffer): Buffer {
  return element(tag.bitString, Buffer.concat([Buffer.of(0), value]))
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return element(tag.sequence, ...parts)
}

function element(type: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const length: number[] = []
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256)
  const head = content.length < 0x80 ? [content.length] : [0x80 | length.length, ...length]
  return Buffer.concat([Buffer.of(type, ...head), content])
}

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
