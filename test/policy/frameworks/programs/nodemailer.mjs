// nodemailer before an smtp-server, both here; the policy is on either end.
import { once } from 'node:events'
import tls from 'node:tls'
import nodemailer from 'nodemailer'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { SMTPServer } from 'smtp-server'
import { cert, control, key, relayed, run, trust } from './support.mjs'

const attachment = Buffer.alloc(300_000, 'mail')
const envelope = { from: 'a@example.org', to: 'b@example.org' }
const { host, ...tlsOptions } = trust

async function start({ secure = false, controlled = false }) {
  const received = []
  const errors = []
  const server = new SMTPServer({
    key,
    cert,
    secure,
    authOptional: true,
    onSecure: (socket, _session, callback) => {
      if (controlled) control(socket)
      callback()
    },
    onData: (stream, _session, callback) => {
      let bytes = 0
      stream.on('data', (data) => (bytes += data.length))
      stream.on('end', () => {
        received.push(bytes > attachment.length)
        callback()
      })
    },
  })
  server.on('error', (error) => errors.push(error.code ?? error.message))
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const port = await relayed(server.server.address().port)
  const end = async (sent) => {
    await new Promise((resolve) => server.close(resolve))
    return { accepted: sent.accepted, received, errors: [...sent.errors, ...errors] }
  }
  return { port, end }
}

const mail = () => ({ ...envelope, subject: 'a mail', text: 'hello', attachments: [{ content: attachment }] })

/** The documented way to bring a connection of one's own. */
function ownSocket(port) {
  return (_options, callback) => {
    const connection = tls.connect({ ...trust, port }, () => {
      connection.off('error', callback)
      callback(null, { connection, secured: true })
    })
    connection.once('error', callback)
    control(connection)
  }
}

/** A session of nodemailer's own, step by step; `leave` ends it. */
async function session(port, leave, connected = () => undefined) {
  const connection = new SMTPConnection({ host, port, requireTLS: true, tls: tlsOptions })
  const errors = []
  connection.on('error', (error) => errors.push(error.code))
  await new Promise((resolve) => connection.connect(resolve))
  connected(connection)
  const text = `Subject: a mail\r\n\r\n${'mail'.repeat(100_000)}\r\n`
  const { accepted } = await new Promise((resolve, reject) => {
    connection.send(envelope, text, (error, sent) => (error ? reject(error) : resolve(sent)))
  })
  leave(connection)
  return { accepted, errors }
}

async function sendMail(port, options) {
  const transporter = nodemailer.createTransport({ host, port, tls: tlsOptions, ...options })
  const { accepted } = await transporter.sendMail(mail())
  if (options.pool) transporter.close()
  return { accepted, errors: [] }
}

await run({
  'secure: true, policy on the client': async () => {
    const { port, end } = await start({ secure: true })
    return end(await sendMail(port, { secure: true, getSocket: ownSocket(port) }))
  },
  'pool, transporter.close(), policy on the client': async () => {
    const { port, end } = await start({ secure: true })
    return end(await sendMail(port, { secure: true, pool: true, getSocket: ownSocket(port) }))
  },
  'STARTTLS, close(), policy on the client': async () => {
    const { port, end } = await start({})
    const leave = (connection) => connection.close()
    // Private: nothing public leads to the socket that nodemailer has upgraded.
    return end(await session(port, leave, (connection) => control(connection._socket)))
  },
  'STARTTLS, policy on the server': async () => {
    const { port, end } = await start({ controlled: true })
    return end(await sendMail(port, { requireTLS: true }))
  },
  'STARTTLS, QUIT, policy on the server': async () => {
    const { port, end } = await start({ controlled: true })
    return end(await session(port, (connection) => connection.quit()))
  },
  'secure: true, policy on the server': async () => {
    const { port, end } = await start({ secure: true, controlled: true })
    return end(await sendMail(port, { secure: true }))
  },
})
