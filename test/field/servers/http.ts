/** Web servers, and what stands in front of them. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import path from 'node:path'
import process from 'node:process'
import { largeBytes, largeFile, type Place, writeInto } from '../place.js'
import { startProcess } from '../process.js'
import { freePort } from '../../support/free-port.js'
import { programOf, upstreamVersionOf, versionOf } from '../programs.js'
import type { FieldServer, Speech, StartedServer } from '../server.js'

export const http1: Speech = { request: { kind: 'http/1.1', path: `/${largeFile}` } }
const h2: Speech = { request: { kind: 'h2', path: `/${largeFile}` } }

export const nginx: FieldServer = {
  ...{ name: 'nginx', title: 'nginx', peer: 'nginx', speech: http1 },
  start: (place) => startNginx(place, ''),
}

export const nginxH2: FieldServer = {
  ...{ name: 'nginx-h2', title: 'nginx, HTTP/2', peer: 'nginx', speech: h2 },
  start: (place) => startNginx(place, ' http2'),
}

async function startNginx(place: Place, protocol: string): Promise<StartedServer> {
  const { folder, documents, certFile, keyFile } = place
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${folder}/${kind};`,
  )
  const config = await writeInto(place, 'nginx.conf', [
    ...(process.getuid?.() === 0 ? ['user root root;'] : []),
    ...['daemon off;', 'worker_processes 1;', `pid ${folder}/nginx.pid;`, 'events {}', 'http {'],
    ...['  access_log off;', ...temporary, '  server {', `    listen 127.0.0.1:${port} ssl${protocol};`],
    ...[`    ssl_certificate ${certFile};`, `    ssl_certificate_key ${keyFile};`],
    ...['    ssl_protocols TLSv1.2 TLSv1.3;', `    root ${documents};`, '  }', '}'],
  ])
  const program = programOf('nginx', 'nginx')
  const args = ['-e', 'stderr', '-p', folder, '-c', config]
  const { stop } = await startProcess({ program, args, cwd: folder, ready: { port } })
  return { port, stop, version: versionOf('nginx', 'nginx'), library: openssl('nginx') }
}

export const apache: FieldServer = {
  ...{ name: 'apache2', title: 'Apache httpd', peer: 'apache2', speech: http1 },
  async start(place) {
    const { folder, documents, certFile, keyFile } = place
    const port = await freePort()
    const program = programOf('apache2', 'apache2')
    const module = (name: string): string =>
      `LoadModule ${name}_module ${program.root}/usr/lib/apache2/modules/mod_${name}.so`
    const config = await writeInto(place, 'httpd.conf', [
      ...[`ServerRoot ${folder}`, `DefaultRuntimeDir ${folder}`, `PidFile ${folder}/httpd.pid`, 'ServerName localhost'],
      ...['mpm_event', 'authz_core', 'ssl'].map(module),
      ...(process.getuid?.() === 0 ? ['User nobody', 'Group nogroup'] : []),
      ...[`Mutex file:${folder} default`, `ErrorLog ${folder}/error.log`, `Listen 127.0.0.1:${port}`],
      ...[`DocumentRoot ${documents}`, `<Directory ${documents}>`, '  Require all granted', '</Directory>'],
      ...['SSLEngine on', `SSLCertificateFile ${certFile}`, `SSLCertificateKeyFile ${keyFile}`],
    ])
    const args = ['-DFOREGROUND', '-f', config]
    const { stop } = await startProcess({ program, args, cwd: folder, ready: { port } })
    return { port, stop, version: versionOf('apache2', 'apache2-bin'), library: openssl('apache2') }
  },
}

export const haproxy: FieldServer = {
  ...{ name: 'haproxy', title: 'HAProxy', peer: 'haproxy', speech: http1 },
  start: (place) =>
    withBackend(async (backend) => {
      const port = await freePort()
      const config = await writeInto(place, 'haproxy.cfg', [
        ...['global', '  maxconn 100', 'defaults', '  mode http', '  timeout connect 5s', '  timeout client 60s'],
        ...['  timeout server 60s', 'frontend tls', `  bind 127.0.0.1:${port} ssl crt ${place.bothFile} alpn http/1.1`],
        ...['  default_backend plain', 'backend plain', `  server node 127.0.0.1:${backend}`],
      ])
      const program = programOf('haproxy', 'haproxy')
      const { stop } = await startProcess({ program, args: ['-db', '-f', config], cwd: place.folder, ready: { port } })
      return { port, stop, version: versionOf('haproxy', 'haproxy'), library: openssl('haproxy') }
    }),
}

export const stunnel: FieldServer = {
  ...{ name: 'stunnel', title: 'stunnel', peer: 'stunnel', speech: http1 },
  start: (place) =>
    withBackend(async (backend) => {
      const port = await freePort()
      const config = await writeInto(place, 'stunnel.conf', [
        ...['foreground = yes', 'pid =', 'syslog = no', '[https]', `accept = 127.0.0.1:${port}`],
        ...[`connect = 127.0.0.1:${backend}`, `cert = ${place.certFile}`, `key = ${place.keyFile}`],
      ])
      const program = programOf('stunnel', 'stunnel4')
      const { stop } = await startProcess({ program, args: [config], cwd: place.folder, ready: { port } })
      return { port, stop, version: versionOf('stunnel', 'stunnel4'), library: openssl('stunnel') }
    }),
}

export const caddy: FieldServer = {
  ...{ name: 'caddy', title: 'Caddy (Go)', peer: 'caddy', speech: http1 },
  async start(place) {
    const { folder, documents, certFile, keyFile } = place
    const port = await freePort()
    const config = await writeInto(place, 'Caddyfile', [
      ...['{', '  admin off', '  auto_https off', `  storage file_system ${folder}/storage`],
      ...['  servers {', '    protocols h1', '  }', '}', `https://localhost:${port} {`, '  bind 127.0.0.1'],
      ...[`  tls ${certFile} ${keyFile}`, `  root * ${documents}`, '  file_server', '}'],
    ])
    const { command, env } = programOf('caddy', 'caddy')
    const homes = { HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder }
    const { stop } = await startProcess({
      program: { command, env: { ...env, ...homes } },
      args: ['run', '--config', config, '--adapter', 'caddyfile'],
      ...{ cwd: folder, ready: { port } },
    })
    return { port, stop, version: versionOf('caddy', 'caddy'), library: 'Go crypto/tls' }
  },
}

/** lighttpd with each of its modules for TLS: the package of the library, and the library's own name. */
const tlsModules = {
  openssl: { package: 'libssl3', library: 'OpenSSL' },
  gnutls: { package: 'libgnutls30', library: 'GnuTLS' },
  mbedtls: { package: 'libmbedtls14', library: 'Mbed TLS' },
  nss: { package: 'libnss3', library: 'NSS' },
  wolfssl: { package: 'libwolfssl35', library: 'wolfSSL' },
} as const

export const lighttpds: readonly FieldServer[] = Object.entries(tlsModules).map(
  ([module, { package: name, library }]) => ({
    ...{ name: `lighttpd-${module}`, title: 'lighttpd', peer: 'lighttpd', speech: http1 },
    async start(place) {
      const { folder, documents, certFile, keyFile } = place
      const port = await freePort()
      const config = await writeInto(place, 'lighttpd.conf', [
        ...[`server.modules = ("mod_${module}")`, 'server.bind = "127.0.0.1"', `server.port = ${port}`],
        ...[`server.document-root = "${documents}"`, `server.upload-dirs = ("${folder}")`],
        ...['ssl.engine = "enable"', `ssl.pemfile = "${certFile}"`, `ssl.privkey = "${keyFile}"`],
      ])
      const program = programOf('lighttpd', 'lighttpd')
      const args = ['-D', '-f', config, '-m', path.join(program.root, 'usr/lib/lighttpd')]
      const { stop } = await startProcess({ program, args, cwd: folder, ready: { port } })
      const tls = `${library} ${upstreamVersionOf('lighttpd', name)}`
      return { port, stop, version: versionOf('lighttpd', 'lighttpd'), library: tls }
    },
  }),
)

/** Runs something with a plain server of HTTP behind it, which ends when it stops. */
async function withBackend(start: (port: number) => Promise<StartedServer>): Promise<StartedServer> {
  const content = Buffer.alloc(largeBytes, 'close_notify\n')
  const backend = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': content.length }).end(content)
  })
  backend.listen(0, '127.0.0.1')
  await once(backend, 'listening')
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => backend.close(resolve))
    backend.closeAllConnections()
    await closed
  }
  try {
    const address = backend.address()
    if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
    const started = await start(address.port)
    return {
      ...started,
      async stop() {
        await started.stop()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

function openssl(peer: string): string {
  return `OpenSSL ${upstreamVersionOf(peer, 'libssl3')}`
}
