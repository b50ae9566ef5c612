/** All servers of the round, in the order of the tables. */
import type { FieldServer } from '../server.js'
import { tomcat } from './java.js'
import { apache, caddy, haproxy, lighttpds, nginx, nginxH2, stunnel } from './http.js'
import { dovecots, exim, postgresql, vsftpd } from './mail-and-data.js'
import { gnutlsServ, nodeHttp2, nodeHttps, python, sServer } from './tools.js'

export const servers: readonly FieldServer[] = [
  ...[nginx, nginxH2, apache, ...lighttpds, caddy, tomcat, haproxy, stunnel],
  ...[nodeHttps, nodeHttp2, python, sServer, gnutlsServ],
  ...[...dovecots, exim, vsftpd, postgresql],
]

/** For a CI: five that close in different ways. */
export const shortForm: readonly string[] = ['nginx', 'node', 'python', 's_server', 'gnutls-serv']
