/** Servers of mail and of files. */
import { chmod, mkdir } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { give, writeInto } from '../../field/place.js'
import { startProcess, unprivileged } from '../../field/process.js'
import { programOf } from '../../field/programs.js'
import { dovecots, startExim } from '../../field/servers/mail-and-data.js'
import { freePort } from '../../support/free-port.js'
import type { RoundServer } from './index.js'

/** Anybody may log in, and has the same mail. */
export const dovecot: RoundServer = {
  ...{ title: 'Dovecot', peer: 'dovecot', debianPackage: 'dovecot-core', isLaidOver: true },
  async start(place) {
    const mail = path.join(place.folder, 'mail')
    await mkdir(mail)
    await give(mail, await unprivileged())
    const imaps = dovecots.find(({ name }) => name === 'dovecot')
    if (imaps === undefined) throw new Error('Expected dovecot among the servers of the field round')
    return imaps.start(place)
  },
}

/** It takes mail of anybody to anybody, and keeps it. */
export const exim: RoundServer = {
  ...{ title: 'Exim', peer: 'exim', debianPackage: 'exim4-daemon-light' },
  start: (place) => startExim(place, ['acl_smtp_rcpt = accept', 'queue_only = true']),
}

/** Anonymous users may log in, read, and write into a folder; data connections have to resume the control connection's session. */
export const vsftpd: RoundServer = {
  ...{ title: 'vsftpd', peer: 'vsftpd', debianPackage: 'vsftpd' },
  async start(place) {
    const { folder, documents, certFile, keyFile } = place
    const port = await freePort()
    const incoming = path.join(documents, 'incoming')
    await mkdir(incoming)
    await chmod(incoming, 0o777)
    await mkdir(path.join(folder, 'empty'), { mode: 0o755 })
    // The home of its user has to exist.
    const config = await writeInto(place, 'vsftpd.conf', [
      ...['background=NO', 'listen=YES', 'listen_address=127.0.0.1', `listen_port=${port}`, 'seccomp_sandbox=NO'],
      ...['anonymous_enable=YES', 'ftp_username=daemon', 'nopriv_user=nobody', `anon_root=${documents}`],
      ...['write_enable=YES', 'anon_upload_enable=YES', 'anon_umask=022', 'require_ssl_reuse=YES'],
      ...[`secure_chroot_dir=${folder}/empty`, 'ssl_enable=YES', 'allow_anon_ssl=YES', 'ssl_ciphers=HIGH'],
      ...[`rsa_cert_file=${certFile}`, `rsa_private_key_file=${keyFile}`],
      ...(process.getuid?.() === 0 ? [] : ['run_as_launching_user=YES']),
    ])
    const program = programOf('vsftpd', 'vsftpd')
    const { stop } = await startProcess({ program, args: [config], cwd: folder, ready: { port } })
    return { port, stop }
  },
}
