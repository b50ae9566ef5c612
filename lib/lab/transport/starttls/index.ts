/** Each protocol's dialogue, after which both sides begin TLS. */
import { Dialogue } from '../dialogue.js'
import type { Opening } from '../opening.js'
import { ftp, imap, pop3, smtp } from './text.js'
import { ldap } from './ldap.js'
import { mysql } from './mysql.js'
import { postgres } from './postgres.js'
import type { StartTlsProtocol } from './protocols.js'
import { xmpp, xmppServer } from './xmpp.js'

/** Speaks until TLS begins. `host` is the name of the server, for the protocols that tell it. */
type Speak = (dialogue: Dialogue, host: string) => Promise<void>

const dialogues: Readonly<Record<StartTlsProtocol, Speak>> = {
  smtp,
  imap,
  pop3,
  ftp,
  postgres,
  mysql,
  ldap,
  xmpp,
  'xmpp-server': xmppServer,
}

/**
 * Brings a connection to the point where the ClientHello is next. Nothing of the server's is read beyond that point.
 * @throws TransportFailure, or the reason of the opening's signal
 */
export async function startTls(opening: Opening, protocol: StartTlsProtocol, host: string): Promise<void> {
  const dialogue = new Dialogue(opening)
  await dialogues[protocol](dialogue, host)
  dialogue.finish()
}
