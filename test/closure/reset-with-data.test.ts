import { connect as connectTcp, createServer as createTcpServer, type Socket } from 'node:net'
import { connect, TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { certificate } from '../support/certificate.js'
import { once } from '../support/streams.js'
import { listen } from './servers.js'

/** A TLS server that answers the first byte and then ends TCP in the given way, together with the answer. */
async function startServer(end: (tcp: Socket) => void): Promise<number> {
  const server = createTcpServer((tcp) => {
    const socket = new TLSSocket(tcp, { isServer: true, key: certificate.key, cert: certificate.cert })
    socket.on('error', () => undefined)
    tcp.on('error', () => undefined)
    socket.on('data', () => {
      socket.write('an answer', () => {
        end(tcp)
      })
    })
  })
  return listen(server)
}

async function reportOfClient(port: number) {
  const tcp = connectTcp(port, '127.0.0.1')
  await once(tcp, 'connect')
  const socket = connect({ socket: tcp, rejectUnauthorized: false }, () => socket.write('?'))
  socket.on('error', () => undefined)
  let data = ''
  socket.on('data', (chunk: Buffer) => {
    data += String(chunk)
  })
  const report = await closureOf(socket).report
  return { data, report }
}

describe('TCP that ends together with the last data', () => {
  it('is a reset when it was RST, although Node reports a normal end', async () => {
    const { data, report } = await reportOfClient(await startServer((tcp) => tcp.resetAndDestroy()))
    expect(data).toBe('an answer')
    expect(report).toMatchObject({ verdict: 'reset', tcp: { kind: 'reset', code: 'ECONNRESET' } })
  })

  it('is truncated when it was FIN', async () => {
    const { data, report } = await reportOfClient(await startServer((tcp) => tcp.destroy()))
    expect(data).toBe('an answer')
    expect(report).toMatchObject({ verdict: 'truncated', tcp: { kind: 'fin', cut: 'between-records' } })
  })
})
