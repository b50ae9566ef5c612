/** A SOCKS5 proxy (RFC 1928, RFC 1929) for a test: it connects everything to 127.0.0.1, or does what it is told to. */
import { connect, type Socket } from 'node:net'
import { readExactly } from '../../support/streams.js'
import { drain, plainServer, type PlainServer } from './servers.js'

type SocksStep = 'greeting' | 'password' | 'request'

export interface SocksOptions {
  readonly credentials?: { readonly user: string; readonly password: string }
  /** The reply code to the request; 0: it connects. */
  readonly reply?: number
  /** In place of the answer at some step. */
  readonly at?: SocksStep
  readonly instead?: (socket: Socket) => unknown
  /** Sent in one segment with the answer to the request. */
  readonly behind?: string
}

export interface SocksServer extends PlainServer {
  /** The hosts that were asked for, with the kind of address. */
  readonly asked: readonly string[]
}

export async function socksServer(options: SocksOptions = {}): Promise<SocksServer> {
  const asked: string[] = []
  const server = await plainServer((socket) => serve(socket, options, asked))
  return { ...server, asked }
}

async function serve(socket: Socket, options: SocksOptions, asked: string[]): Promise<void> {
  const { credentials, reply = 0, at, instead = () => {}, behind = '' } = options
  const misbehaves = async (step: SocksStep) => {
    if (at !== step) return false
    await instead(socket)
    drain(socket)
    return true
  }

  const [, count = 0] = await readExactly(socket, 2)
  const methods = await readExactly(socket, count)
  if (await misbehaves('greeting')) return
  const method = credentials === undefined ? 0 : 2
  if (!methods.includes(method)) {
    drain(socket)
    socket.end(Buffer.from([5, 0xff]))
    return
  }
  socket.write(Buffer.from([5, method]))

  if (credentials !== undefined) {
    await readExactly(socket, 1)
    const [user, password] = [await counted(socket), await counted(socket)]
    if (await misbehaves('password')) return
    const isRight = user === credentials.user && password === credentials.password
    socket.write(Buffer.from([1, isRight ? 0 : 1]))
    if (!isRight) {
      drain(socket)
      return
    }
  }

  const [, , , kind = 0] = await readExactly(socket, 4)
  const host =
    kind === 3
      ? `name ${await counted(socket)}`
      : `address ${(await readExactly(socket, kind === 1 ? 4 : 16)).join('.')}`
  const port = (await readExactly(socket, 2)).readUInt16BE(0)
  asked.push(host)
  if (await misbehaves('request')) return
  const answer = Buffer.concat([Buffer.from([5, reply, 0, 1, 127, 0, 0, 1, 0, 9]), Buffer.from(behind)])
  if (reply !== 0) {
    socket.write(answer)
    drain(socket)
    return
  }
  const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => {
    socket.write(answer)
    socket.pipe(far).pipe(socket)
  })
  far.on('error', () => socket.destroy()).on('close', () => socket.destroy())
  socket.on('close', () => far.destroy())
}

/** A text behind its length in one byte. */
async function counted(socket: Socket): Promise<string> {
  const [length = 0] = await readExactly(socket, 1)
  return length === 0 ? '' : (await readExactly(socket, length)).toString()
}
