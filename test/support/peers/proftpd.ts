/**
 * ProFTPD, a server of FTP with TLS on the control connection, and CCC, which takes it off again (RFC 4217 section 12.3).
 *
 *     const server = stopAfter(await proftpdServer({ version: 'TLSv1.3' }))
 *     net.connect(server.port, '127.0.0.1')          USER test, PASS test
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import { certificate } from '../certificate.js'
import type { TlsVersion } from '../pair.js'
import { delay } from '../streams.js'
import { type PeerProcess, startPeer } from './child.js'
import { programOf } from './programs.js'

export async function proftpdServer({
  version,
}: {
  readonly version: TlsVersion
}): Promise<PeerProcess & { port: number }> {
  const { command, env, folder } = programOf('proftpd')
  const place = mkdtempSync(path.join(tmpdir(), 'close-notify-proftpd-'))
  onTestFinished(() => {
    rmSync(place, { recursive: true, force: true })
  })
  const port = await freePort()
  // Of the password 'test', by crypt(3).
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  const ids = uid === 0 ? [65_534, 65_534] : [uid, gid]
  chmodSync(place, 0o755)
  const password = '$1$close$RZrsmn7..su/.WLIikmTu1'
  writeFileSync(path.join(place, 'passwd'), `test:${password}:${ids.join(':')}::${place}:/bin/false\n`, { mode: 0o600 })
  writeFileSync(path.join(place, 'group'), `test:x:${ids[1] ?? 0}:\n`, { mode: 0o600 })
  writeFileSync(path.join(place, 'key.pem'), certificate.key, { mode: 0o600 })
  const config = path.join(place, 'proftpd.conf')
  writeFileSync(
    config,
    [
      ...(folder === undefined ? [] : [`ModulePath ${path.join(folder, 'usr/lib/proftpd')}`]),
      ...['LoadModule mod_tls.c', 'ServerName test', 'ServerType standalone', 'DefaultServer on', 'UseIPv6 off'],
      ...['DefaultAddress 127.0.0.1', 'SocketBindTight on', `Port ${port}`, 'UseReverseDNS off'],
      ...['WtmpLog off', 'TransferLog none', 'UseFtpUsers off', 'RequireValidShell off', 'DelayEngine off'],
      ...[`PidFile ${place}/pid`, `ScoreboardFile ${place}/scoreboard`, `SystemLog ${place}/log`],
      ...(uid === 0 ? ['User nobody', 'Group nogroup'] : []),
      ...['AuthOrder mod_auth_file.c', `AuthUserFile ${place}/passwd`, `AuthGroupFile ${place}/group`],
      ...['TLSEngine on', `TLSProtocol ${version}`, 'TLSRequired off', 'TLSVerifyClient off'],
      ...[`TLSECCertificateFile ${certificate.certFile}`, `TLSECCertificateKeyFile ${place}/key.pem`],
      `TLSLog ${place}/tls.log`,
    ].join('\n') + '\n',
  )
  const peer = startPeer({ command, args: ['-n', '-c', config], env: { ...env } })
  await accepting(port)
  return { ...peer, port }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  return address.port
}

async function accepting(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('error', () => resolve(false))
      socket.once('data', () => {
        socket.destroy()
        resolve(true)
      })
    })
    if (isThere) return
    await delay(50)
  }
  throw new Error('ProFTPD does not answer')
}
