// A mail by STARTTLS. nodemailer ends its connection itself, without QUIT, before it says that the mail was taken.
import nodemailer from 'nodemailer'
import { ca, host, port } from '../kit.mjs'
import { connections } from './kit.mjs'

const mail = { from: 'a@example.org', to: 'b@example.org', subject: 'a mail', text: 'hello' }
await connections(async () => {
  await nodemailer.createTransport({ host, port, requireTLS: true, tls: { ca } }).sendMail(mail)
  return undefined
})
