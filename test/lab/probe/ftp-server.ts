/** An FTP server whose every step behind AUTH TLS is scripted: the engine's SSL over TCP. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { Forger } from '../../../lib/lab/wire/forger.js'
import { Wire } from '../../../lib/lab/wire/wire.js'
import { loadOpenSSL } from '../../../lib/openssl/index.js'
import { certificate } from '../../support/certificate.js'
import { portOf } from '../transport/servers.js'

export interface FtpConnection {
  readonly wire: Wire
  readonly forger: Forger
  /** The next command in TLS; undefined where the connection ends before. */
  readonly command: () => Promise<string | undefined>
  /** A reply in TLS. */
  readonly reply: (text: string) => void
  /** Resolves when something has come behind the client's close_notify. */
  readonly plaintext: () => Promise<void>
}

const longest = 20_000

/** Returns its port. Only connections that say a command are scripted: the probe has others. */
export async function ftpServer(
  script: (first: string, connection: FtpConnection) => Promise<void> | void,
  whenFinished: (end: () => Promise<void>) => void = onTestFinished,
): Promise<number> {
  const context = loadOpenSSL().createContext({
    ...{ side: 'server', cert: certificate.cert, key: certificate.key, keylog: true },
    ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256',
  })
  const sockets = new Set<Socket>()
  const wires: Wire[] = []
  const serve = async (socket: Socket): Promise<void> => {
    socket.write('220 ready\r\n')
    const asked = await new Promise<Buffer>((resolve) => socket.once('data', resolve))
    if (String(asked) !== 'AUTH TLS\r\n') throw new Error(`Expected AUTH TLS but received ${String(asked)}`)
    // The ClientHello is read by the wire.
    socket.pause()
    socket.write('234 go ahead\r\n')
    const forger = new Forger('server')
    let heard = ''
    const wire = new Wire(socket, context.createSsl(), {
      tap: forger,
      onData: (bytes) => {
        heard += bytes.toString()
      },
    })
    wires.push(wire)
    if (!(await wire.handshake(longest))) return
    const command = async (): Promise<string | undefined> => {
      await wire.until(() => heard.includes('\r\n') || wire.seen.closeNotifyAt !== undefined || wire.isOver, longest)
      const [line, ...others] = heard.split('\r\n')
      if (others.length === 0) return undefined
      heard = others.join('\r\n')
      return line
    }
    const first = await command()
    if (first === undefined) return
    await script(first, {
      ...{ wire, forger, command },
      reply: (text) => void wire.write(Buffer.from(text)),
      plaintext: async () => {
        await wire.until(() => wire.seen.surplus > 0 || wire.hasEnded, longest)
      },
    })
  }
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    serve(socket).catch(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  whenFinished(async () => {
    const closed = once(server, 'close')
    server.close()
    for (const wire of wires) wire.destroy()
    for (const socket of sockets) socket.destroy()
    await closed
    context.free()
  })
  return portOf(server.address())
}
