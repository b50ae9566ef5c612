// What a stream tells of its handshake, in the words of node:tls.
import type { X509Certificate } from 'node:crypto'
import type { PeerCertificate } from 'node:tls'
import type { Ssl, SslProtocol } from '../openssl/index.js'
import {
  certificateOf,
  type IssuedCertificate,
  issuedCertificateOf,
  peerCertificateOf,
  peerX509Of,
} from './certificates.js'
import { closed } from './refusals.js'
import { SocketLike } from './socket-like.js'

/** A stream that tells what its handshake has brought; before that, and after the end, there is nothing to tell. */
export abstract class HandshakeFacts extends SocketLike {
  readonly encrypted = true
  /** Whether the peer was verified, and is the one that it has to be. */
  authorized = false
  /** Why it is not authorized: a code of Node's. */
  authorizationError: string | undefined

  /** The SSL, until it is freed. */
  protected abstract liveSsl(): Ssl | undefined

  /** 'TLSv1.2', 'TLSv1.3'; undefined before the handshake is done. */
  abstract getProtocol(): SslProtocol | undefined

  /** The cipher by OpenSSL's name; undefined before the handshake is done, and after the end. */
  getCipher(): { readonly name: string; readonly version: SslProtocol } | undefined {
    const name = this.liveSsl()?.getCipher()
    const version = this.getProtocol()
    return name === undefined || version === undefined ? undefined : { name, version }
  }

  /** The protocol that was agreed on: RFC 7301. False without one. */
  get alpnProtocol(): string | false {
    return this.liveSsl()?.getAlpn() ?? false
  }

  /** The host name that the client asked for (SNI). False without one. */
  get servername(): string | false {
    return this.liveSsl()?.getServername() ?? false
  }

  /**
   * The peer's own certificate, as Node's object of it; with `detailed` each has its issuer as `issuerCertificate`: those
   * that the peer has sent, then those that are trusted. Empty where it has sent none, null after the end.
   */
  getPeerCertificate(detailed: true): Partial<IssuedCertificate> | null
  getPeerCertificate(detailed?: boolean): Partial<PeerCertificate> | null
  getPeerCertificate(detailed = false): Partial<IssuedCertificate> | null {
    const ssl = this.liveSsl()
    if (ssl === undefined) return null
    return (detailed ? issuedCertificateOf(ssl) : peerCertificateOf(ssl)?.toLegacyObject()) ?? {}
  }

  /** The same as an X509Certificate, with those that the peer has sent as issuers; undefined where it has sent none. */
  getPeerX509Certificate(): X509Certificate | undefined {
    const ssl = this.liveSsl()
    return ssl === undefined ? undefined : peerX509Of(ssl)
  }

  /** Our own certificate, as Node's object of it. Empty where there is none, null after the end. */
  getCertificate(): Partial<PeerCertificate> | null {
    const ssl = this.liveSsl()
    return ssl === undefined ? null : (certificateOf(ssl)?.toLegacyObject() ?? {})
  }

  /** The same as an X509Certificate; undefined where there is none. */
  getX509Certificate(): X509Certificate | undefined {
    const ssl = this.liveSsl()
    return ssl === undefined ? undefined : certificateOf(ssl)
  }

  /** Whether the handshake resumed a session. */
  isSessionReused(): boolean {
    return this.liveSsl()?.sessionReused() ?? false
  }

  /** The session as it is now, for the option `session`; in TLS 1.3 'session' has the one that can be resumed. */
  getSession(): Buffer | undefined {
    const session = this.liveSsl()?.getSession()
    try {
      return session?.toBuffer()
    } finally {
      session?.free()
    }
  }

  /**
   * Bytes that both sides can derive and nobody else: RFC 5705.
   *
   * @throws ClosureError ERR_OPENSSL_STATE before the handshake is done; ERR_CLOSURE_CLOSED; ERR_CLOSURE_INVALID_ARGUMENT
   */
  exportKeyingMaterial(length: number, label: string, context?: Uint8Array): Buffer {
    const ssl = this.liveSsl()
    if (ssl === undefined) throw closed('exportKeyingMaterial()')
    return ssl.exportKeyingMaterial(length, label, context)
  }
}
