import { generate } from 'selfsigned'

const day = 24 * 60 * 60 * 1000

/**
 * A key and a certificate of localhost, PEM, made now and good for a day. A real program reads its own, and its clients trust
 * the authority that has signed it.
 */
export async function makeCertificate() {
  const now = Date.now()
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // The clock of a container may be behind.
    notBeforeDate: new Date(now - day),
    notAfterDate: new Date(now + day),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
    ],
  })
  return { key, cert }
}
