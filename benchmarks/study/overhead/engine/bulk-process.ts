/** A sample of bulk.ts: `LIBSSL MEBIBYTES`. Gives nanoseconds per record, as native/loop.h does. */
import { loadOpenSSL } from '../../../../lib/openssl/index.js'
import { certificate, key } from '../../../support/certificate.js'
import { answerParent } from '../numbers.js'

const [libssl = '', mebibytes] = process.argv.slice(2)

// As in native/loop.h.
const record = 16 * 1024
const chunk = 64 * 1024
const ciphersuites = 'TLS_AES_128_GCM_SHA256'

const openssl = loadOpenSSL(libssl)
const identity = { cert: certificate, key, ciphersuites, minVersion: 'TLSv1.3', tickets: 0 } as const
const server = openssl.createContext({ side: 'server', ...identity }).createSsl()
const client = openssl.createContext({ side: 'client' }).createSsl()

function measure(): readonly number[] {
  for (let done = false; !done; ) {
    const clientDone = client.doHandshake().value === 1
    server.receive(client.transmit())
    done = server.doHandshake().value === 1 && clientDone
    client.receive(server.transmit())
  }
  const plain = Buffer.alloc(record, 'x')
  const records = (Number(mebibytes) * 1024 * 1024) / record
  const ciphertext = Buffer.concat(
    Array.from({ length: records }, () => {
      client.write(plain)
      return client.transmit()
    }),
  )
  let read = 0
  const began = process.hrtime.bigint()
  for (let at = 0; at < ciphertext.length; at += chunk) {
    read += server.pump(ciphertext.subarray(at, at + chunk)).plaintext.length
  }
  const took = Number(process.hrtime.bigint() - began)
  if (read !== records * record) throw new Error(`Expected all plaintext, received ${read} bytes`)
  return [took / records]
}

answerParent({ measure })
