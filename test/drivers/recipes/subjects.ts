/** The drivers that the recipes of docs/operation.md are measured with: a program of ../programs/recipes/ each. */
import type { ServerName } from '../servers/index.js'

export interface Subject {
  /** Its program, and as `--only` has it. */
  readonly name: string
  readonly package: string
  /** How the program closes: as the table has it. */
  readonly closes: string
  readonly server: ServerName
  /** The recipe's heading. */
  readonly recipe: string
  /** The port in the code of the recipe, in place of which stands that of the server here. */
  readonly port?: number
}

export const subjects: readonly Subject[] = [
  { name: 'pg', package: 'pg', closes: '`end()`', server: 'postgresql', recipe: 'A database client' },
  { name: 'mysql2', package: 'mysql2', closes: '`end()`', server: 'mariadb', recipe: 'A database client' },
  { name: 'ioredis', package: 'ioredis', closes: '`quit()`', server: 'redis', recipe: 'A database client' },
  { name: 'imapflow', package: 'imapflow', closes: '`logout()`', server: 'dovecot', recipe: 'A mail client' },
  { name: 'nodemailer', package: 'nodemailer', closes: '`sendMail()`', server: 'exim', recipe: 'A mail client' },
  { name: 'nodemailer-quit', package: 'nodemailer', closes: '`quit()`', server: 'exim', recipe: 'A mail client' },
  { name: 'basic-ftp', package: 'basic-ftp', closes: '`close()`', server: 'vsftpd', recipe: 'FTP', port: 21 },
  { name: 'mqtt', package: 'mqtt', closes: '`endAsync()`', server: 'mosquitto', recipe: 'MQTT' },
]
