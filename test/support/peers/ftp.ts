/**
 * vsftpd and ProFTPD on 127.0.0.1, with TLS on the control connection by AUTH TLS. Both serve as root alone.
 *
 *     test.skipIf(cannotServe('proftpd'))('…
 *     const port = await startProftpd()
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import { certificate } from '../certificate.js'
import { freePort } from '../free-port.js'
import { delay, once } from '../streams.js'
import { startPeer, stopAfter } from './child.js'
import { lacks, programOf } from './programs.js'

/** The user of ProFTPD. */
export const ftpUser = { user: 'ann', password: 'a secret' } as const

/** By crypt(3), which Node lacks: openssl passwd -6 -salt closenotify 'a secret'. */
const hashOfPassword =
  '$6$closenotify$VJuqclBc/IbQuAWKKgvk7qHrkDoAyCZXumAgTLMbqPGXx.ojPs3/fJ3CRT7H0gh09CIW80wJdJd7iKdlKOdXQ/'

export function cannotServe(server: 'vsftpd' | 'proftpd'): boolean {
  return lacks(server) || process.getuid?.() !== 0
}

/** Anonymous users may log in. Returns the port. */
export async function startVsftpd(): Promise<number> {
  const folder = temporaryFolder()
  const port = await freePort()
  const empty = path.join(folder, 'empty')
  mkdirSync(empty)
  const settings = {
    listen: 'YES',
    listen_address: '127.0.0.1',
    listen_port: port,
    background: 'NO',
    anonymous_enable: 'YES',
    allow_anon_ssl: 'YES',
    // Its home has to exist.
    ftp_username: 'daemon',
    anon_root: empty,
    secure_chroot_dir: empty,
    seccomp_sandbox: 'NO',
    isolate: 'NO',
    isolate_network: 'NO',
    ssl_enable: 'YES',
    ssl_ciphers: 'HIGH',
    rsa_cert_file: certificate.certFile,
    rsa_private_key_file: certificate.keyFile,
  }
  const file = path.join(folder, 'vsftpd.conf')
  writeFileSync(file, linesOf(settings, '='), { mode: 0o600 })
  const { command, env } = programOf('vsftpd')
  stopAfter(startPeer({ command, args: [file], env }))
  await listening(port)
  return port
}

/** `ftpUser` may log in. Returns the port. */
export async function startProftpd(): Promise<number> {
  const folder = temporaryFolder()
  const port = await freePort()
  const [passwords, key] = [path.join(folder, 'passwd'), path.join(folder, 'key.pem')]
  writeFileSync(passwords, `${ftpUser.user}:${hashOfPassword}:65534:65534::/:/bin/sh\n`, { mode: 0o600 })
  // It takes no key that others may read.
  writeFileSync(key, certificate.key, { mode: 0o600 })
  const { command, env, folder: own = '' } = programOf('proftpd')
  const settings = {
    ModulePath: path.join(own, 'usr/lib/proftpd'),
    LoadModule: 'mod_tls.c',
    ServerType: 'standalone',
    DefaultAddress: '127.0.0.1',
    SocketBindTight: 'on',
    UseIPv6: 'off',
    Port: port,
    User: 'nobody',
    Group: 'nogroup',
    PidFile: path.join(folder, 'pid'),
    ScoreboardFile: path.join(folder, 'scoreboard'),
    DelayTable: 'none',
    TransferLog: 'none',
    SystemLog: 'none',
    WtmpLog: 'off',
    UseReverseDNS: 'off',
    AuthOrder: 'mod_auth_file.c',
    AuthUserFile: passwords,
    RequireValidShell: 'off',
    TLSEngine: 'on',
    TLSRequired: 'off',
    TLSLog: 'none',
    TLSProtocol: 'TLSv1.2 TLSv1.3',
    TLSECCertificateFile: certificate.certFile,
    TLSECCertificateKeyFile: key,
  }
  const file = path.join(folder, 'proftpd.conf')
  writeFileSync(file, linesOf(settings, ' '))
  stopAfter(startPeer({ command, args: ['-n', '-q', '-c', file], env }))
  await listening(port)
  return port
}

function linesOf(settings: Readonly<Record<string, string | number>>, between: string): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}${between}${value}\n`)
    .join('')
}

/** Servers that have given up root look into it. */
function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'close-notify-ftp-'))
  chmodSync(folder, 0o711)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Waits until somebody listens; the test's own time is the limit. */
async function listening(port: number): Promise<void> {
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1' })
    try {
      await once(socket, 'connect')
      return
    } catch {
      await delay(50)
    } finally {
      socket.destroy()
    }
  }
}
