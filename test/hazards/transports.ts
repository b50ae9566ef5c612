/** Duplex streams over a TCP connection, for TLS on top: as fast as TCP, slow, and busy with another write. */
import { connect as connectTcp, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { once } from '../support/streams.js'

export const transports = ['plain', 'slow', 'busy'] as const
export type Transport = (typeof transports)[number]

export async function tcpTo(port: number): Promise<Socket> {
  const raw = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true })
  await once(raw, 'connect')
  return raw
}

/** `slow` takes some ms for each write; `busy` says so after two turns only, so that writes queue up above it. */
export function duplexOver(raw: Socket, transport: Transport): Duplex {
  const write = (chunk: Buffer, callback: (error?: Error | null) => void) => {
    if (raw.destroyed) callback(new Error('the transport is gone'))
    else raw.write(chunk, callback)
  }
  const duplex = new Duplex({
    allowHalfOpen: true,
    read: () => void raw.resume(),
    write: (chunk: Buffer, _encoding, callback) => {
      if (transport === 'plain') write(chunk, callback)
      else if (transport === 'slow') setTimeout(() => write(chunk, callback), 15)
      else write(chunk, (error) => setTimeout(() => callback(error), 5))
    },
    final: (callback) => {
      raw.end(() => callback())
    },
    destroy: (error, callback) => {
      raw.destroy()
      callback(error)
    },
  })
  raw.on('data', (data) => {
    if (!duplex.push(data)) raw.pause()
  })
  raw.on('end', () => void duplex.push(null))
  raw.on('error', (error) => void duplex.destroy(error))
  return duplex
}
