/** Servers of mail, files and data: TLS from the start, or asked for in their protocol. */
import { chmod, copyFile, mkdir } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { laidOver } from '../overlay.js'
import { give, type Place, writeInto } from '../place.js'
import { startProcess, unprivileged, type User } from '../process.js'
import { freePort } from '../../support/free-port.js'
import { programOf, upstreamVersionOf, versionOf } from '../programs.js'
import { run } from '../run.js'
import type { FieldServer, StartedServer } from '../server.js'

const goodbye = { kind: 'bytes', text: 'QUIT\r\n' } as const
const logout = { kind: 'bytes', text: 'a LOGOUT\r\n' } as const

export const exim: FieldServer = {
  ...{ name: 'exim', title: 'Exim, SMTP STARTTLS', peer: 'exim' },
  speech: { starttls: 'smtp', request: goodbye },
  start: (place) => startExim(place),
}

/** It takes no mail but by `more` lines of its configuration. */
export async function startExim(place: Place, more: readonly string[] = []): Promise<StartedServer> {
  const { folder, certFile, keyFile } = place
  const port = await freePort()
  const { command, env, root } = programOf('exim', 'exim4')
  // Debian's is set-user-id, which would take its libraries from it: a copy is not.
  const copy = path.join(folder, 'exim4')
  await copyFile(command, copy)
  await chmod(copy, 0o755)
  const user = await unprivileged()
  for (const name of ['spool', 'log']) await mkdir(path.join(folder, name))
  for (const name of ['spool', 'log', 'key.pem']) await give(path.join(folder, name), user)
  const config = await writeInto(place, 'exim.conf', [
    ...['primary_hostname = localhost', `exim_path = ${copy}`, `spool_directory = ${folder}/spool`],
    ...[`log_file_path = ${folder}/log/%slog`, `pid_file_path = ${folder}/spool/exim.pid`],
    ...['local_interfaces = 127.0.0.1', `daemon_smtp_ports = ${port}`, 'host_lookup =', 'rfc1413_hosts = :'],
    ...['tls_advertise_hosts = *', `tls_certificate = ${certFile}`, `tls_privatekey = ${keyFile}`],
    'keep_environment = LD_LIBRARY_PATH : LD_PRELOAD : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP',
    ...more,
  ])
  const { stop } = await startProcess({
    program: { command: copy, env: { ...env, ...(await debianExim(place, user, root)) } },
    args: ['-C', config, '-bdf'],
    ...{ cwd: folder, ready: { port }, user },
  })
  const library = `GnuTLS ${upstreamVersionOf('exim', 'libgnutls30')}`
  return { port, stop, version: versionOf('exim', 'exim4-daemon-light'), library }
}

/** The user that this build of Exim insists on, which only installing the package would make. */
async function debianExim(place: Place, user: User | undefined, root: string): Promise<Record<string, string>> {
  const [uid, gid] = [user?.uid ?? process.getuid?.() ?? 0, user?.gid ?? process.getgid?.() ?? 0]
  const home = place.folder
  const passwd = [`root:x:0:0::${home}:/bin/false`, `Debian-exim:x:${uid}:${gid}::${home}:/bin/false`]
  const group = ['root:x:0:', `Debian-exim:x:${gid}:`, 'mail:x:8:']
  return {
    LD_PRELOAD: path.join(root, 'usr/lib/x86_64-linux-gnu/libnss_wrapper.so'),
    NSS_WRAPPER_PASSWD: await writeInto(place, 'passwd', passwd),
    NSS_WRAPPER_GROUP: await writeInto(place, 'group', group),
  }
}

export const dovecots: readonly FieldServer[] = [
  {
    ...{ name: 'dovecot', title: 'Dovecot, IMAP', peer: 'dovecot', isLaidOver: true, speech: { request: logout } },
    start: (place) => startDovecot(place, 'imaps'),
  },
  {
    ...{ name: 'dovecot-starttls', title: 'Dovecot, IMAP STARTTLS', peer: 'dovecot', isLaidOver: true },
    speech: { starttls: 'imap', request: logout },
    start: (place) => startDovecot(place, 'imap'),
  },
]

async function startDovecot(place: Place, listener: 'imap' | 'imaps'): Promise<StartedServer> {
  const { folder, certFile, keyFile } = place
  const port = await freePort()
  const portOf = (name: string): number => (name === listener ? port : 0)
  const config = await writeInto(place, 'dovecot.conf', [
    ...[`base_dir = ${folder}/run`, `state_dir = ${folder}/state`, 'log_path = /dev/stderr', 'protocols = imap'],
    ...['listen = 127.0.0.1', 'ssl = yes', `ssl_cert = <${certFile}`, `ssl_key = <${keyFile}`],
    ...['ssl_min_protocol = TLSv1.2', `mail_location = maildir:${folder}/mail`],
    // Those of the package are made when it is installed; these are everywhere.
    ...['default_internal_user = nobody', 'default_internal_group = nogroup', 'default_login_user = daemon'],
    'import_environment = TZ LD_LIBRARY_PATH OPENSSL_CONF',
    ...['passdb {', '  driver = static', '  args = nopassword=y', '}'],
    ...['userdb {', '  driver = static', '  args = uid=nobody gid=nogroup', '}', 'service imap-login {'],
    ...['  inet_listener imap {', `    port = ${portOf('imap')}`, '  }'],
    ...['  inet_listener imaps {', `    port = ${portOf('imaps')}`, '  }', '}'],
  ])
  const { program, args } = laidOver(programOf('dovecot', 'dovecot'), ['usr'])
  const { stop } = await startProcess({ program, args: args(['-F', '-c', config]), cwd: folder, ready: { port } })
  const library = `OpenSSL ${upstreamVersionOf('dovecot', 'libssl3')}`
  return { port, stop, version: versionOf('dovecot', 'dovecot-core'), library }
}

export const vsftpd: FieldServer = {
  ...{ name: 'vsftpd', title: 'vsftpd, AUTH TLS', peer: 'vsftpd', speech: { starttls: 'ftp', request: goodbye } },
  async start(place) {
    const { folder, documents, certFile, keyFile } = place
    const port = await freePort()
    await mkdir(path.join(folder, 'empty'), { mode: 0o755 })
    const config = await writeInto(place, 'vsftpd.conf', [
      ...['background=NO', 'listen=YES', 'listen_address=127.0.0.1', `listen_port=${port}`, 'seccomp_sandbox=NO'],
      ...['anonymous_enable=YES', 'ftp_username=nobody', 'nopriv_user=nobody', `anon_root=${documents}`],
      ...[`secure_chroot_dir=${folder}/empty`, 'ssl_enable=YES', 'allow_anon_ssl=YES', 'ssl_ciphers=HIGH'],
      ...[`rsa_cert_file=${certFile}`, `rsa_private_key_file=${keyFile}`],
      ...(process.getuid?.() === 0 ? [] : ['run_as_launching_user=YES']),
    ])
    const { stop } = await startProcess({
      ...{ program: programOf('vsftpd', 'vsftpd'), args: [config], cwd: folder, ready: { port } },
    })
    const library = `OpenSSL ${upstreamVersionOf('vsftpd', 'libssl3')}`
    return { port, stop, version: versionOf('vsftpd', 'vsftpd'), library }
  },
}

/** StartupMessage of version 3.0 for the user postgres, and Terminate behind it. */
const startupAndTerminate = '\0\0\0\x29\0\x03\0\0user\0postgres\0database\0postgres\0\0X\0\0\0\x04'

export const postgresql: FieldServer = {
  ...{ name: 'postgresql', title: 'PostgreSQL', peer: 'postgresql' },
  speech: { starttls: 'postgres', request: { kind: 'bytes', text: startupAndTerminate } },
  async start(place) {
    const { folder, certFile, keyFile } = place
    // It refuses to be root.
    const user = await unprivileged()
    const data = path.join(folder, 'data')
    await mkdir(data, { mode: 0o700 })
    for (const file of [data, keyFile]) await give(file, user)
    const initdb = programOf('postgresql', 'initdb')
    const creation = ['--username=postgres', '--auth=trust', '--no-sync', '--locale=C', '--encoding=UTF8', data]
    await run(initdb, creation, { cwd: data, user })
    const port = await freePort()
    const settings = {
      ...{ listen_addresses: '127.0.0.1', port, unix_socket_directories: '', ssl: 'on', ssl_key_file: keyFile },
      // Its compiler is not fetched with it: scripts/peers/peers.mjs.
      ...{ ssl_cert_file: certFile, fsync: 'off', jit: 'off' },
    }
    const { stop } = await startProcess({
      program: programOf('postgresql', 'postgres'),
      args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      // Fast shutdown: open connections are ended.
      ...{ cwd: data, ready: [/ready to accept connections/], user, stopWith: 'SIGINT' },
    })
    const library = `OpenSSL ${upstreamVersionOf('postgresql', 'libssl3')}`
    return { port, stop, version: versionOf('postgresql', 'postgresql-15'), library }
  },
}
