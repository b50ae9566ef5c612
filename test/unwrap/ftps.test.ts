// A real server of FTP: AUTH TLS, then CCC, and the control connection goes on in the clear (RFC 4217 section 5).
import { connect, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf, startTls } from '../../lib/index.js'
import { tlsVersions } from '../support/pair.js'
import { cannotServe, ftpUser, startProftpd } from '../support/peers/ftp.js'
import { once } from '../support/streams.js'
import { ample, optionsOf, until } from './started.js'

/** The lines that come, one reply after the other. */
function repliesOf(stream: Socket): { next: () => Promise<string>; stop: () => void } {
  let text = ''
  const add = (data: Buffer) => {
    text += String(data)
  }
  stream.on('data', add)
  const lastLine = /^\d{3} [^\n]*\n/m
  return {
    next: async () => {
      await until(() => lastLine.test(text))
      const [line = ''] = lastLine.exec(text) ?? []
      text = text.slice(text.indexOf(line) + line.length)
      return line.trim()
    },
    stop: () => void stream.off('data', add),
  }
}

async function ask(stream: Socket, replies: ReturnType<typeof repliesOf>, command: string): Promise<string> {
  stream.write(`${command}\r\n`)
  return replies.next()
}

describe.skipIf(cannotServe('proftpd'))('ProFTPD', () => {
  test.each(tlsVersions)('%s: AUTH TLS and CCC, and commands behind it in the clear', async (version) => {
    const port = await startProftpd()
    const tcp = connect(port, '127.0.0.1')
    onTestFinished(() => void tcp.destroy())
    const greeting = repliesOf(tcp)
    expect(await greeting.next()).toMatch(/^220 /)
    expect(await ask(tcp, greeting, 'AUTH TLS')).toMatch(/^234 /)
    greeting.stop()
    const { socket, unwrap } = startTls(tcp, optionsOf({ version, near: 'client' }))
    await once(socket, 'secureConnect')
    const secret = repliesOf(socket)
    expect(await ask(socket, secret, `USER ${ftpUser.user}`)).toMatch(/^331 /)
    expect(await ask(socket, secret, `PASS ${ftpUser.password}`)).toMatch(/^230 /)
    expect(await ask(socket, secret, 'CCC')).toMatch(/^200 /)
    expect(await unwrap(ample)).toBe(tcp)
    const clear = repliesOf(tcp)
    expect(await ask(tcp, clear, 'NOOP')).toMatch(/^200 /)
    expect(await ask(tcp, clear, 'PWD')).toMatch(/^257 /)
    expect(await ask(tcp, clear, 'QUIT')).toMatch(/^221 /)
    expect(await closureOf(socket).report).toMatchObject({ verdict: 'clean' })
  })
})
