/**
 * `gnutls-serv` and `gnutls-cli` (Debian: gnutls-bin). Both print their alerts (`-d 5`), see `alerts()`.
 *
 *     const server = await gnutlsServer({ version: 'TLSv1.3' })      // echoes what it is sent, line by line
 *     const client = gnutlsClient({ version: 'TLSv1.2', port })
 *     client.write('hello\n')
 *     client.endInput()        // close_notify; then it waits for the server's
 *
 * gnutls-serv can only listen on every address. `loopback-only.c`, preloaded, binds it to 127.0.0.1 and tells the port
 * that the kernel chose.
 */
import { certificate } from '../certificate.js'
import type { TlsVersion } from '../pair.js'
import { alertName } from '../alert-names.js'
import { startPeer, type PeerAlert, type PeerProcess } from './child.js'
import { loopbackOnly } from './loopback-only.js'
import { programOf } from './programs.js'

export interface GnutlsPeer extends PeerProcess {
  alerts(): PeerAlert[]
}

export interface GnutlsServerOptions {
  readonly version: TlsVersion
  /** @default ['--echo'] */
  readonly args?: readonly string[]
}

export interface GnutlsClientOptions extends GnutlsServerOptions {
  readonly port: number
}

export async function gnutlsServer(options: GnutlsServerOptions): Promise<GnutlsPeer & { readonly port: number }> {
  const { version, args = ['--echo'] } = options
  const peer = gnutls(
    'gnutls-serv',
    [
      '-p',
      '0',
      '--x509keyfile',
      certificate.keyFile,
      '--x509certfile',
      certificate.certFile,
      '--priority',
      priorities[version],
      '--disable-client-cert',
      '-d',
      '5',
      ...args,
    ],
    { LD_PRELOAD: loopbackOnly() },
  )
  const [, port] = await peer.line(/^bound to 127\.0\.0\.1:(\d+)$/)
  await peer.line(/^done$/)
  return { ...peer, port: Number(port) }
}

export function gnutlsClient({ version, port, args = [] }: GnutlsClientOptions): GnutlsPeer {
  return gnutls('gnutls-cli', [
    '-p',
    String(port),
    '127.0.0.1',
    '--sni-hostname',
    certificate.host,
    '--verify-hostname',
    certificate.host,
    '--x509cafile',
    certificate.certFile,
    '--priority',
    priorities[version],
    '-d',
    '5',
    ...args,
  ])
}

const priorities = {
  'TLSv1.2': 'NORMAL:-VERS-ALL:+VERS-TLS1.2',
  'TLSv1.3': 'NORMAL:-VERS-ALL:+VERS-TLS1.3',
} as const

function gnutls(
  name: 'gnutls-serv' | 'gnutls-cli',
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): GnutlsPeer {
  const program = programOf(name)
  const peer = startPeer({ ...program, args, env: { ...program.env, ...env } })
  const alerts = () =>
    peer.output.flatMap((line): PeerAlert[] => {
      const match = /(Sending )?Alert\[(\d+)\|(\d+)\] - .*?(was received)?$/.exec(line)
      const [, sending, level, code, received] = match ?? []
      if (sending === undefined && received === undefined) return []
      const direction = sending === undefined ? 'received' : 'sent'
      return [{ direction, level: level === '1' ? 'warning' : 'fatal', name: alertName(Number(code)) }]
    })
  return { ...peer, alerts }
}
