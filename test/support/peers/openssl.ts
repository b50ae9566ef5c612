/**
 * `openssl s_server` and `openssl s_client`. Both print their alerts (`-msg`), see `alerts()`.
 *
 *     const server = await opensslServer({ version: 'TLSv1.3' })
 *     tls.connect({ port: server.port, … }).end()
 *     await server.line(/close_notify/)
 *     server.alerts()       [{ direction: 'received', level: 'warning', name: 'close_notify' }, …]
 *
 *     const client = opensslClient({ version: 'TLSv1.2', port })
 *     client.write('hello\n')
 *     client.write('Q\n')   // close_notify, FIN, exit; s_server knows `q` (this connection) and `Q` (and exit) too
 */
import { certificate } from '../certificate.js'
import type { TlsVersion } from '../pair.js'
import { startPeer, type PeerAlert, type PeerProcess } from './child.js'
import { programOf } from './programs.js'

export interface OpensslPeer extends PeerProcess {
  alerts(): PeerAlert[]
}

export interface OpensslServerOptions {
  readonly version: TlsVersion
  /** More arguments of s_server, such as `-rev` or `-www`. */
  readonly args?: readonly string[]
}

export interface OpensslClientOptions extends OpensslServerOptions {
  readonly port: number
}

export async function opensslServer(options: OpensslServerOptions): Promise<OpensslPeer & { readonly port: number }> {
  const { version, args = [] } = options
  const peer = openssl([
    's_server',
    '-accept',
    '127.0.0.1:0',
    '-key',
    certificate.keyFile,
    '-cert',
    certificate.certFile,
    '-msg',
    versionFlags[version],
    ...args,
  ])
  const [, port] = await peer.line(/^ACCEPT .*:(\d+)$/)
  return { ...peer, port: Number(port) }
}

export function opensslClient({ version, port, args = [] }: OpensslClientOptions): OpensslPeer {
  return openssl([
    's_client',
    '-connect',
    `127.0.0.1:${port}`,
    '-CAfile',
    certificate.certFile,
    '-servername',
    certificate.host,
    '-msg',
    versionFlags[version],
    ...args,
  ])
}

const versionFlags = { 'TLSv1.2': '-tls1_2', 'TLSv1.3': '-tls1_3' } as const

function openssl(args: readonly string[]): OpensslPeer {
  const peer = startPeer({ ...programOf('openssl'), args })
  const alerts = () =>
    peer.output.flatMap((line): PeerAlert[] => {
      const [, arrow, level, name] = /(>>>|<<<).*Alert \[length 0002\], (\w+) (\w+)/.exec(line) ?? []
      if (level === undefined || name === undefined) return []
      return [{ direction: arrow === '>>>' ? 'sent' : 'received', level, name }]
    })
  return { ...peer, alerts }
}
