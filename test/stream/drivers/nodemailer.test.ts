// nodemailer, whose option `getSocket` gives a stream of ours, and smtp-server on streams of ours.
import { connect as connectTcp, type Socket } from 'node:net'
import nodemailer from 'nodemailer'
import { SMTPServer } from 'smtp-server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { certificate } from '../../support/certificate.js'
import { once } from '../../support/streams.js'
import { type DriverSocket, type Stack, stacks } from './stacks.js'

const { key, cert, host } = certificate
const attachment = Buffer.alloc(2 * 1024 * 1024, 'a mail ')
const mail = {
  from: 'a@example.org',
  to: 'b@example.org',
  subject: 'a mail',
  text: 'hello',
  attachments: [{ content: attachment }],
}

type SocketCallback = (error: Error | null, options?: object) => void

describe.each(stacks)('over $name', (stack) => {
  test.each([false, true])('nodemailer sends by TLS from the start, in a pool: %s', async (pool) => {
    const { port, mails } = await mailServer({ secure: true })
    const made: DriverSocket[] = []
    const transporter = nodemailer.createTransport({
      pool,
      getSocket: (_options: unknown, callback: SocketCallback) => {
        const connection = stack.connect(port)
        made.push(connection)
        connection.once('error', callback)
        connection.once('secureConnect', () => {
          connection.off('error', callback)
          callback(null, { connection, secured: true })
        })
      },
    })
    for (let sent = 0; sent < 2; sent++) {
      expect(await transporter.sendMail(mail)).toMatchObject({ accepted: ['b@example.org'] })
    }
    transporter.close()
    for (const socket of made) if (!socket.closed) await once(socket, 'close')
    expect(made.map(({ errored }) => errored)).toEqual(pool ? [null] : [null, null])
    expect(mails()).toEqual([true, true])
  })

  test('nodemailer sends after a STARTTLS of the program', async () => {
    const { port, mails } = await mailServer({ secure: false })
    const connection = await afterStartTls(stack, port)
    const transporter = nodemailer.createTransport({
      getSocket: (_options: unknown, callback: SocketCallback) => callback(null, { connection, secured: true }),
    })
    expect(await transporter.sendMail(mail)).toMatchObject({ accepted: ['b@example.org'] })
    if (!connection.closed) await once(connection, 'close')
    expect(mails()).toEqual([true])
  })

  test('smtp-server takes mails of nodemailer', async () => {
    const { server, mails } = await mailServer({ secured: true, secure: true })
    const { port, drained, errors } = await stack.serve({}, (socket) => server.server.emit('connection', socket))
    const transporter = nodemailer.createTransport({
      host: '127.0.0.1',
      port,
      secure: true,
      tls: { servername: host, ca: cert },
    })
    expect(await transporter.sendMail(mail)).toMatchObject({ accepted: ['b@example.org'] })
    await drained()
    expect(errors).toEqual([])
    expect(mails()).toEqual([true])
  })
})

async function mailServer(options: { readonly secure: boolean; readonly secured?: boolean }) {
  const received: boolean[] = []
  const server = new SMTPServer({
    key,
    cert,
    authOptional: true,
    logger: false,
    ...options,
    onData: (stream, _session, callback) => {
      let bytes = 0
      stream.on('data', (data: Buffer) => (bytes += data.length))
      stream.on('end', () => {
        received.push(bytes > attachment.length)
        callback()
      })
    },
  })
  server.on('error', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)))
  const address = server.server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  return { server, port: address.port, mails: () => received }
}

/** A session whose server has greeted; nodemailer is to hear of that, for it waits for it. */
async function afterStartTls(stack: Stack, port: number): Promise<DriverSocket> {
  const tcp = connectTcp({ port, host: '127.0.0.1' })
  const greeting = await answerOf(tcp)
  tcp.write('EHLO localhost\r\n')
  expect(await answerOf(tcp)).toContain('STARTTLS')
  tcp.write('STARTTLS\r\n')
  expect(await answerOf(tcp)).toMatch(/^220 /)
  const socket = stack.secure(tcp)
  await once(socket, 'secureConnect')
  socket.unshift(greeting)
  return socket
}

/** The lines of an answer, which ends with one that has a space behind its number. */
async function answerOf(tcp: Socket): Promise<string> {
  let text = ''
  while (!/^\d+ .*\r\n/m.test(text)) {
    text += String(await new Promise((resolve) => void tcp.resume().once('data', resolve)))
    tcp.pause()
  }
  return text
}
