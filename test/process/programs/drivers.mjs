// Libraries that make their TLS sockets where no one gets at them: http-proxy without an agent, nodemailer over STARTTLS,
// smtp-server. Each prints what the program sees and the reports of its connections.
import http from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import httpProxy from 'http-proxy'
import nodemailer from 'nodemailer'
import { SMTPServer } from 'smtp-server'
import { ca, close, keys, listen, print, takeReports } from './kit.mjs'

async function byHttpProxy() {
  const target = https.createServer(keys, (_request, response) => response.end('hello'))
  const proxy = httpProxy.createProxyServer({ target: `https://localhost:${await listen(target)}`, secure: false })
  const front = http.createServer((request, response) => proxy.web(request, response))
  const port = await listen(front)
  const response = await new Promise((resolve) => http.get({ port, agent: false }, resolve))
  const body = await text(response)
  await close(front)
  await close(target)
  return body
}

async function byMail(secure) {
  const mails = []
  const server = new SMTPServer({
    ...keys,
    secure,
    authOptional: true,
    onData: (stream, _session, callback) => void text(stream).then((mail) => callback(null, mails.push(mail))),
  })
  server.on('error', () => undefined)
  const port = await listen(server.server)
  const transporter = nodemailer.createTransport({ host: 'localhost', port, secure, requireTLS: true, tls: { ca } })
  await transporter.sendMail({ from: 'a@example.com', to: 'b@example.com', text: 'hello' })
  transporter.close()
  await new Promise((resolve) => server.close(resolve))
  await close(server.server).catch(() => undefined)
  return mails.length
}

const ways = {
  'http-proxy without an agent': byHttpProxy,
  'nodemailer and smtp-server, STARTTLS': () => byMail(false),
  'nodemailer and smtp-server, TLS at once': () => byMail(true),
}

for (const [way, go] of Object.entries(ways)) {
  const seen = await go()
  print({ way, seen, sides: takeReports().map(({ side, mode }) => `${side} ${mode}`) })
}
