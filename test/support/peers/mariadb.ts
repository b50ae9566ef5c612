/**
 * A MariaDB of the test's own, on 127.0.0.1, in the clear: without accounts, and with tables in memory, for which it
 * needs neither InnoDB nor tables of its own.
 *
 *     const { port, stop } = await startMariadb()
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { freePort } from '../free-port.js'
import { startPeer } from './child.js'
import { programOf } from './programs.js'

export interface Mariadb {
  readonly port: number
  readonly stop: () => Promise<void>
}

export async function startMariadb(): Promise<Mariadb> {
  const { command, env, folder: unpacked } = programOf('mariadbd')
  const folder = await mkdtemp(path.join(tmpdir(), 'close-notify-mariadb-'))
  const port = await freePort()
  const shared = unpacked === undefined ? '/usr/share/mysql' : path.join(unpacked, 'usr/share/mysql')
  const options = {
    user: userInfo().username,
    datadir: folder,
    port,
    'bind-address': '127.0.0.1',
    socket: path.join(folder, 'socket'),
    'pid-file': path.join(folder, 'pid'),
    'lc-messages-dir': shared,
    'character-sets-dir': path.join(shared, 'charsets'),
    innodb: 'OFF',
    'default-storage-engine': 'MEMORY',
  }
  const argv = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  const server = startPeer({
    command,
    env,
    args: ['--no-defaults', '--skip-grant-tables', '--skip-networking=0', ...argv],
  })
  const stop = async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await server.line(/ready for connections/)
  } catch (error) {
    await stop()
    throw error
  }
  return { port, stop }
}
