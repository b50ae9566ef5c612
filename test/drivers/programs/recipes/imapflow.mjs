// A folder of Dovecot, and LOGOUT.
import { ImapFlow } from 'imapflow'
import { host, port } from '../kit.mjs'
import { connections } from './kit.mjs'

const auth = { user: 'ann', pass: 'a secret' }
await connections(async () => {
  const client = new ImapFlow({ host, port, secure: true, logger: false, auth, tls: {} })
  await client.connect()
  await client.status('INBOX', { messages: true })
  return () => client.logout()
})
