// The same mail by nodemailer's SMTPConnection, and QUIT.
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { ca, host, port } from '../kit.mjs'
import { connections } from './kit.mjs'

const envelope = { from: 'a@example.org', to: 'b@example.org' }
await connections(async () => {
  const connection = new SMTPConnection({ host, port, requireTLS: true, tls: { ca } })
  await new Promise((resolve, reject) => {
    connection.once('error', reject)
    connection.connect(resolve)
  })
  await new Promise((resolve, reject) => {
    const text = 'Subject: a mail\r\n\r\nhello\r\n'
    connection.send(envelope, text, (error) => (error ? reject(error) : resolve()))
  })
  return async () => {
    const ended = new Promise((resolve) => connection.once('end', resolve))
    connection.quit()
    await ended
  }
})
