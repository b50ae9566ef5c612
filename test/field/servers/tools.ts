/** The servers that come with TLS libraries, and those of languages. */
import process from 'node:process'
import { sourceFile } from '../../../benchmarks/support/source-file.js'
import { loopbackOnly } from '../../support/peers/loopback-only.js'
import { largeFile, type Place } from '../place.js'
import { startProcess } from '../process.js'
import { programOf, upstreamVersionOf, versionOf } from '../programs.js'
import type { FieldServer, StartedServer } from '../server.js'
import { http1 } from './http.js'

export const sServer: FieldServer = {
  ...{ name: 's_server', title: 'openssl s_server -WWW', peer: 'openssl', speech: http1 },
  async start({ documents, certFile, keyFile }) {
    const args = ['s_server', '-accept', '127.0.0.1:0', '-cert', certFile, '-key', keyFile, '-WWW']
    const ready = [/^ACCEPT .*:(\d+)$/]
    const { match, stop } = await startProcess({
      program: programOf('openssl', 'openssl'),
      args,
      cwd: documents,
      ready,
    })
    const version = versionOf('openssl', 'openssl')
    const library = `OpenSSL ${upstreamVersionOf('openssl', 'libssl3')}`
    return { port: Number(match?.[1]), stop, version, library }
  },
}

export const gnutlsServ: FieldServer = {
  // It has one page and no files.
  ...{ name: 'gnutls-serv', title: 'gnutls-serv --http', peer: 'gnutls' },
  speech: { request: { kind: 'http/1.1', path: '/' } },
  async start({ folder, certFile, keyFile }) {
    const { command, env } = programOf('gnutls', 'gnutls-serv')
    // It would listen on every address: the preloaded library binds it to 127.0.0.1 and tells the port.
    const { match, stop } = await startProcess({
      program: { command, env: { ...env, LD_PRELOAD: loopbackOnly() } },
      args: ['--http', '-p', '0', '--x509certfile', certFile, '--x509keyfile', keyFile, '--disable-client-cert'],
      ...{ cwd: folder, ready: [/^bound to 127\.0\.0\.1:(\d+)$/, /done$/] },
    })
    const version = versionOf('gnutls', 'gnutls-bin')
    const library = `GnuTLS ${upstreamVersionOf('gnutls', 'libgnutls30')}`
    return { port: Number(match?.[1]), stop, version, library }
  },
}

export const nodeHttps: FieldServer = {
  ...{ name: 'node', title: 'Node https', speech: http1 },
  start: (place) => startScript(place, process.execPath, ['node-server.mjs', 'https']),
}

export const nodeHttp2: FieldServer = {
  ...{ name: 'node-h2', title: 'Node http2' },
  speech: { request: { kind: 'h2', path: `/${largeFile}` } },
  start: (place) => startScript(place, process.execPath, ['node-server.mjs', 'http2']),
}

export const python: FieldServer = {
  ...{ name: 'python', title: 'Python http.server and ssl', speech: http1 },
  start: (place) => startScript(place, 'python3', ['python_server.py']),
}

/** A program of ours that prints "listening PORT VERSION LIBRARY". */
async function startScript(
  place: Place,
  command: string,
  [script = '', ...args]: readonly string[],
): Promise<StartedServer> {
  const { documents, certFile, keyFile } = place
  const { match, stop } = await startProcess({
    program: { command, env: {} },
    args: [sourceFile(`test/field/programs/${script}`), ...args, certFile, keyFile],
    ...{ cwd: documents, ready: [/^listening (\d+) (\S+) (.+)$/] },
  })
  const [, port, version = '', library = ''] = match ?? []
  return { port: Number(port), stop, version, library }
}
