// Whether the peer is who it has to be: OpenSSL's result of verifying its certificates, and the name in the first.
import { X509Certificate } from 'node:crypto'
import tls, { type PeerCertificate } from 'node:tls'
import type { LibraryIdentity, Ssl } from '../openssl/index.js'
import { issuedCertificateOf } from './certificates.js'
import type { CheckServerIdentity } from './options.js'
import { asError } from './refusals.js'
import type { SslError } from './ssl-error.js'

/** The result of verifying a peer. Of a server that has asked for no certificate nobody is authorized, without an error. */
export interface Verification {
  readonly isAuthorized: boolean
  readonly error?: Error & { readonly code: string }
}

export interface Expected {
  readonly host: string | undefined
  readonly checkServerIdentity: CheckServerIdentity | undefined
}

/** Verifies the peer of a handshake that is done. It throws what `checkServerIdentity` throws. */
export function verify(ssl: Ssl, { host, checkServerIdentity }: Expected): Verification {
  const der = ssl.getPeerCertificate()
  if (der === undefined) {
    if (ssl.context.side === 'server' && ssl.getVerifyMode() === 'none') return { isAuthorized: false }
    return refused(coded('The peer has sent no certificate', 'UNABLE_TO_GET_ISSUER_CERT'))
  }
  const chain = chainError(ssl)
  if (chain !== undefined) return refused(chain)
  if (ssl.context.side === 'server') return { isAuthorized: true }
  if (host === undefined) return refused(coded('No name was given to compare the certificate with', wrongName))
  // Whatever is true is an objection, as in Node. The issuers are for the program's own check.
  const objection: unknown =
    checkServerIdentity === undefined
      ? tls.checkServerIdentity(host, knownFor(host, der))
      : checkServerIdentity(host, issuedCertificateOf(ssl) ?? objectOf(der))
  return objection ? refused(withCode(asError(objection))) : { isAuthorized: true }
}

// To make Node's object of a certificate takes longer than all else that a client's handshake does in JavaScript. Who
// brings a check of his own has an object of his own, too.
const certificatesOfHosts = new Map<string, { readonly der: Buffer; readonly certificate: PeerCertificate }>()
const mostHosts = 100

function knownFor(host: string, der: Buffer): PeerCertificate {
  const last = certificatesOfHosts.get(host)
  if (last?.der.equals(der) === true) return last.certificate
  const certificate = objectOf(der)
  if (certificatesOfHosts.size >= mostHosts) certificatesOfHosts.clear()
  certificatesOfHosts.set(host, { der, certificate })
  return certificate
}

function objectOf(der: Buffer): PeerCertificate {
  return new X509Certificate(der).toLegacyObject()
}

function refused(error: Error & { readonly code: string }): Verification {
  return { isAuthorized: false, error }
}

/** Whether OpenSSL has ended the handshake because it does not trust the peer's certificates. */
export function isDistrust({ queue }: SslError): boolean {
  return queue.some(({ reason }) => /^certificate.verify.failed$/i.test(reason ?? ''))
}

/** The error of verifying the peer's certificates, with Node's code, as far as OpenSSL has come; undefined without one. */
export function chainError(ssl: Ssl, cause?: Error): (Error & { readonly code: string }) | undefined {
  const { code, text } = ssl.getVerifyResult()
  const name = nameOf(code, ssl.context.openssl)
  if (code === 0 || (cause !== undefined && name === undefined)) return undefined
  return coded(text, name ?? `X509_V_ERR_${code}`, cause)
}

function coded(message: string, code: string, cause?: Error): Error & { readonly code: string } {
  return Object.assign(new Error(message, cause === undefined ? {} : { cause }), { code })
}

function withCode(error: Error): Error & { readonly code: string } {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : wrongName
  return Object.assign(error, { code })
}

const wrongName = 'ERR_TLS_CERT_ALTNAME_INVALID'

// A number that OpenSSL 3 has given another meaning.
function nameOf(code: number, { kind, versionNumber }: LibraryIdentity): string | undefined {
  return code === 24 && !(kind === 'OpenSSL' && versionNumber >= 0x30000000) ? 'INVALID_CA' : names.get(code)
}

/** X509_STORE_CTX_get_error(3) by the names that Node gives as codes: without X509_V_ERR_. */
const names: ReadonlyMap<number, string> = new Map([
  [2, 'UNABLE_TO_GET_ISSUER_CERT'],
  [3, 'UNABLE_TO_GET_CRL'],
  [4, 'UNABLE_TO_DECRYPT_CERT_SIGNATURE'],
  [5, 'UNABLE_TO_DECRYPT_CRL_SIGNATURE'],
  [6, 'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY'],
  [7, 'CERT_SIGNATURE_FAILURE'],
  [8, 'CRL_SIGNATURE_FAILURE'],
  [9, 'CERT_NOT_YET_VALID'],
  [10, 'CERT_HAS_EXPIRED'],
  [11, 'CRL_NOT_YET_VALID'],
  [12, 'CRL_HAS_EXPIRED'],
  [13, 'ERROR_IN_CERT_NOT_BEFORE_FIELD'],
  [14, 'ERROR_IN_CERT_NOT_AFTER_FIELD'],
  [15, 'ERROR_IN_CRL_LAST_UPDATE_FIELD'],
  [16, 'ERROR_IN_CRL_NEXT_UPDATE_FIELD'],
  [17, 'OUT_OF_MEM'],
  [18, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  [19, 'SELF_SIGNED_CERT_IN_CHAIN'],
  [20, 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  [21, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  [22, 'CERT_CHAIN_TOO_LONG'],
  [23, 'CERT_REVOKED'],
  [24, 'NO_ISSUER_PUBLIC_KEY'],
  [25, 'PATH_LENGTH_EXCEEDED'],
  [26, 'INVALID_PURPOSE'],
  [27, 'CERT_UNTRUSTED'],
  [28, 'CERT_REJECTED'],
  [62, 'HOSTNAME_MISMATCH'],
  [79, 'INVALID_CA'],
])
