// A client of IMAP: append, fetch, search, LOGOUT; and a connection that is closed without it.
import { ImapFlow } from 'imapflow'
import { host, ours, policy, port, step } from './kit.mjs'

const connecting = ours?.closingConnect(policy)
const create = () =>
  new ImapFlow({
    ...{ host, port, secure: true, logger: false, auth: { user: 'ann', pass: 'a secret' } },
    tls: connecting ? connecting() : {},
  })
const mail = ['From: a@example.com', 'To: b@example.com', 'Subject: hello', '', 'a mail '.repeat(10_000)].join('\r\n')

const client = create()
await step('log in', () => client.connect())
await step('delete', async () => {
  const lock = await client.getMailboxLock('INBOX')
  try {
    // Of the way before.
    await client.messageDelete('1:*')
  } finally {
    lock.release()
  }
})
await step('append', async () => (await client.append('INBOX', mail)).path)
await step('fetch', async () => {
  const lock = await client.getMailboxLock('INBOX')
  try {
    const { source, envelope } = await client.fetchOne('1', { source: true, envelope: true })
    return [envelope.subject, source.length]
  } finally {
    lock.release()
  }
})
await step('search', async () => {
  const lock = await client.getMailboxLock('INBOX')
  try {
    return await client.search({ subject: 'hello' })
  } finally {
    lock.release()
  }
})
await step('logout', () => client.logout())

const closed = create()
await step('log in again', () => closed.connect())
await step('closed', async () => {
  const over = new Promise((resolve) => closed.once('close', resolve))
  closed.close()
  await over
})
