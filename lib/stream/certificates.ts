// The certificates of a connection as node:tls gives them.
import { X509Certificate } from 'node:crypto'
import type { PeerCertificate } from 'node:tls'
import type { Ssl } from '../openssl/index.js'

/** A certificate and who has issued it, as far as that is known; one that has issued itself names itself. */
export interface IssuedCertificate extends PeerCertificate {
  issuerCertificate?: IssuedCertificate
}

/** The peer's own certificate; undefined where it has sent none. */
export function peerCertificateOf(ssl: Ssl): X509Certificate | undefined {
  const der = ssl.getPeerCertificate()
  return der === undefined ? undefined : new X509Certificate(der)
}

/** The same, each with its issuer, as far as the peer has sent those. */
export function peerX509Of(ssl: Ssl): X509Certificate | undefined {
  return ssl.getPeerChain().reduceRight<X509Certificate | undefined>((issuer, der) => {
    const certificate = new X509Certificate(der)
    // A getter of Node's has it, which knows of none where the certificate is made of its bytes alone.
    if (issuer !== undefined) Object.defineProperty(certificate, 'issuerCertificate', { value: issuer })
    return certificate
  }, undefined)
}

/** The peer's own certificate as Node's object, each with its issuer: those that it has sent, then those that are trusted. */
export function issuedCertificateOf(ssl: Ssl): IssuedCertificate | undefined {
  const trusted = ssl.context.openssl.lacking.includes('X509_STORE_CTX_get1_issuer') ? [] : ssl.getTrustedIssuers()
  return [...ssl.getPeerChain(), ...trusted].reduceRight<IssuedCertificate | undefined>((issuer, der) => {
    const certificate = new X509Certificate(der)
    const object: IssuedCertificate = certificate.toLegacyObject()
    const issuerCertificate = issuer ?? (certificate.checkIssued(certificate) ? object : undefined)
    if (issuerCertificate !== undefined) object.issuerCertificate = issuerCertificate
    return object
  }, undefined)
}

/** Our own certificate. */
export function certificateOf(ssl: Ssl): X509Certificate | undefined {
  const der = ssl.getCertificate()
  return der === undefined ? undefined : new X509Certificate(der)
}
