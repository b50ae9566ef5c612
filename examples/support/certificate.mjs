import { credentialsFor } from 'close-notify/lab'

/**
 * A key and a certificate of localhost, PEM, made now. A real program reads its own, and its clients trust the authority that
 * has signed it.
 */
export function makeCertificate() {
  return credentialsFor('localhost')
}
