/** Databases, a broker and a directory, with TLS. They keep nothing. */
import { chmod, mkdir } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { writeInto } from '../../field/place.js'
import { startProcess } from '../../field/process.js'
import { programOf } from '../../field/programs.js'
import { postgresql as fieldPostgresql } from '../../field/servers/mail-and-data.js'
import { freePort } from '../../support/free-port.js'
import type { RoundServer } from './index.js'

/** Without accounts, and with tables in memory. */
export const mariadb: RoundServer = {
  ...{ title: 'MariaDB', peer: 'mariadb', debianPackage: 'mariadb-server-core' },
  async start({ folder, certFile, keyFile }) {
    const port = await freePort()
    const program = programOf('mariadb', 'mariadbd')
    const shared = path.join(program.root, 'usr/share/mysql')
    const data = path.join(folder, 'data')
    await mkdir(data)
    const options = {
      ...{ user: os.userInfo().username, datadir: data, port, 'bind-address': '127.0.0.1', innodb: 'OFF' },
      ...{ socket: path.join(folder, 'socket'), 'pid-file': path.join(folder, 'pid') },
      ...{ 'lc-messages-dir': shared, 'character-sets-dir': path.join(shared, 'charsets') },
      ...{ 'default-storage-engine': 'MEMORY', 'ssl-cert': certFile, 'ssl-key': keyFile },
    }
    const argv = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
    const args = ['--no-defaults', '--skip-grant-tables', '--skip-networking=0', ...argv]
    const ready = [/ready for connections/]
    const { stop } = await startProcess({ program, args, cwd: folder, ready })
    return { port, stop }
  },
}

export const postgresql: RoundServer = {
  ...{ title: 'PostgreSQL', peer: 'postgresql', debianPackage: 'postgresql-15' },
  start: (place) => fieldPostgresql.start(place),
}

export const redis: RoundServer = {
  ...{ title: 'Redis', peer: 'redis', debianPackage: 'redis-server' },
  async start({ folder, certFile, keyFile }) {
    const port = await freePort()
    const options = {
      ...{ port: 0, 'tls-port': port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no' },
      ...{ 'tls-cert-file': certFile, 'tls-key-file': keyFile, 'tls-ca-cert-file': certFile },
      'tls-auth-clients': 'no',
    }
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
    const program = programOf('redis', 'redis-server')
    const { stop } = await startProcess({ program, args, cwd: folder, ready: [/Ready to accept connections/] })
    return { port, stop }
  },
}

export const mosquitto: RoundServer = {
  ...{ title: 'Mosquitto', peer: 'mosquitto', debianPackage: 'mosquitto' },
  async start(place) {
    const { folder, certFile, keyFile } = place
    const port = await freePort()
    const config = await writeInto(place, 'mosquitto.conf', [
      ...[`listener ${port} 127.0.0.1`, 'allow_anonymous true', `certfile ${certFile}`, `keyfile ${keyFile}`],
      // Root would become a user that installing the package makes.
      ...(process.getuid?.() === 0 ? ['user root'] : []),
    ])
    const program = programOf('mosquitto', 'mosquitto')
    const { stop } = await startProcess({ program, args: ['-c', config], cwd: folder, ready: [/ running$/] })
    return { port, stop }
  },
}

export const slapd: RoundServer = {
  ...{ title: 'OpenLDAP', peer: 'slapd', debianPackage: 'slapd' },
  async start(place) {
    const { folder, certFile, keyFile } = place
    const [port, plainPort] = [await freePort(), await freePort()]
    const program = programOf('slapd', 'slapd')
    const schemas = ['core', 'cosine'].map((name) => `include ${program.root}/etc/ldap/schema/${name}.schema`)
    const data = path.join(folder, 'data')
    await mkdir(data)
    const config = await writeInto(place, 'slapd.conf', [
      ...schemas,
      ...[`modulepath ${program.root}/usr/lib/ldap`, 'moduleload back_mdb', `pidfile ${folder}/pid`],
      ...[`TLSCertificateFile ${certFile}`, `TLSCertificateKeyFile ${keyFile}`],
      ...['database mdb', 'suffix dc=example,dc=com', 'rootdn cn=admin,dc=example,dc=com', 'rootpw "a secret"'],
      `directory ${data}`,
    ])
    // It has a password.
    await chmod(config, 0o600)
    const addresses = `ldap://127.0.0.1:${plainPort} ldaps://127.0.0.1:${port}`
    const args = ['-f', config, '-h', addresses, '-d', '0']
    const { stop } = await startProcess({ program, args, cwd: folder, ready: { port } })
    return { port, env: { PEER_PLAIN_PORT: String(plainPort) }, stop }
  },
}
