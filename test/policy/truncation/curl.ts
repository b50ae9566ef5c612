/**
 * curl (Debian: curl) as a client that uploads what it is given on its standard input.
 *
 *     const client = curlUpload({ version: 'TLSv1.3', port })
 *     client.write('alpha')
 *     client.endInput()        // the upload is whole
 *     await client.stop()      // or it is cut
 */
import { certificate } from '../../support/certificate.js'
import type { TlsVersion } from '../../support/pair.js'
import { type PeerProcess, startPeer } from '../../support/peers/child.js'
import { programOf } from '../../support/peers/programs.js'

export interface CurlOptions {
  readonly version: TlsVersion
  readonly port: number
  /** @default '1.1' */
  readonly http?: '1.1' | '2'
}

export function curlUpload({ version, port, http = '1.1' }: CurlOptions): PeerProcess {
  const number = version === 'TLSv1.2' ? '1.2' : '1.3'
  return startPeer({
    ...programOf('curl'),
    args: [
      '--silent',
      '--show-error',
      '--cacert',
      certificate.certFile,
      '--resolve',
      `${certificate.host}:${port}:127.0.0.1`,
      `--tlsv${number}`,
      '--tls-max',
      number,
      `--http${http}`,
      // POST, of what comes on standard input, as it comes
      '--request',
      'POST',
      '--upload-file',
      '.',
      `https://${certificate.host}:${port}/`,
    ],
  })
}
