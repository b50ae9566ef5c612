/** A PostgreSQL cluster of the test's own, on 127.0.0.1, with TLS. PostgreSQL refuses root: there it runs as nobody. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { chmod, chown, copyFile, cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { certificate } from '../../support/certificate.js'
import { freePort } from '../../support/free-port.js'
import { type Program, programOf } from '../../support/peers/programs.js'

const execute = promisify(execFile)

export interface Postgres {
  readonly port: number
  readonly stop: () => Promise<void>
}

interface User {
  readonly uid?: number
  readonly gid?: number
}

export async function startPostgres(): Promise<Postgres> {
  const user = await unprivileged()
  const folder = await mkdtemp(path.join(tmpdir(), 'close-notify-postgres-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  let server: ChildProcess | undefined
  const stop = async () => {
    if (server !== undefined && server.exitCode === null && server.signalCode === null) {
      const gone = once(server, 'close')
      // Fast shutdown: open connections are ended.
      server.kill('SIGINT')
      await gone
    }
    process.removeListener('exit', remove)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await give(folder, user)
    const { initdb, postgres } = await programsFor(user, folder)
    const data = path.join(folder, 'data')
    const creation = [
      '--pgdata',
      data,
      '--username=postgres',
      '--auth=trust',
      '--no-sync',
      '--locale=C',
      '--encoding=UTF8',
    ]
    await execute(initdb.command, creation, { ...user, cwd: folder, env: { ...process.env, ...initdb.env } })
    const [keyFile, certFile] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')]
    await copyFile(certificate.keyFile, keyFile)
    await copyFile(certificate.certFile, certFile)
    await chmod(keyFile, 0o600)
    await give(keyFile, user)
    await give(certFile, user)
    const port = await freePort()
    const settings = {
      listen_addresses: '127.0.0.1',
      port,
      unix_socket_directories: '',
      ssl: 'on',
      ssl_key_file: keyFile,
      ssl_cert_file: certFile,
      fsync: 'off',
      // Its compiler is not fetched with it: scripts/peers/peers.mjs.
      jit: 'off',
      log_min_messages: 'log',
    }
    const argv = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    server = spawn(postgres.command, ['-D', data, ...argv], {
      ...user,
      cwd: folder,
      env: { ...process.env, ...postgres.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    process.once('exit', () => server?.kill('SIGQUIT'))
    await ready(server)
    return { port, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A checkout may be where nobody else may read: then the fetched ones are run from a copy in the folder. */
async function programsFor(user: User, folder: string): Promise<Readonly<Record<'initdb' | 'postgres', Program>>> {
  const programs = { initdb: programOf('initdb'), postgres: programOf('postgres') }
  const { command, folder: unpacked } = programs.initdb
  if (unpacked === undefined || (await isReadable(command, user))) return programs
  const copy = path.join(folder, 'programs')
  await cp(unpacked, copy, { recursive: true, verbatimSymlinks: true })
  const moved = ({ command, env }: Program): Program => ({
    command: command.replace(unpacked, copy),
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replaceAll(unpacked, copy)])),
  })
  return { initdb: moved(programs.initdb), postgres: moved(programs.postgres) }
}

async function isReadable(file: string, user: User): Promise<boolean> {
  return execute('test', ['-r', file], { ...user, cwd: '/' }).then(
    () => true,
    () => false,
  )
}

async function unprivileged(): Promise<User> {
  if (process.getuid?.() !== 0) return {}
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await execute('id', [flag, 'nobody'])).stdout)),
  )
  return { ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) }
}

async function give(file: string, { uid, gid }: User): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(file, uid, gid)
}

function ready(server: ChildProcess): Promise<void> {
  let log = ''
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('close', (code) => reject(new Error(`postgres ended with ${code ?? 'a signal'}: ${log}`)))
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text
      if (log.includes('ready to accept connections')) resolve()
    })
  })
}
