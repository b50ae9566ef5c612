/**
 * The peer, where that is a client: a plain Node program, which reads to the end. Arguments: situation, protocol.
 *
 * `run RUN HOST PORT` answers, when the connection is over, with the bytes that the application has read, how the reading
 * failed, the tickets, and whether another connection resumed the session.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type tls from 'node:tls'
import { serveParent } from '../../support/child-side.js'
import { ClientEnd, closed, Reading } from './connection.js'
import { oneOf, protocols, settings, situations, uploadBytes } from './situations.js'

const [situationName, protocolName] = process.argv.slice(2)
const situation = oneOf(situations, situationName)
const protocol = oneOf(protocols, protocolName)
const { uploads, pause } = settings[situation]

const piece = Buffer.alloc(16_384, '.')
const endOfHead = Buffer.from('\r\n\r\n')

serveParent([], {
  async run(run = '', host = '', port = '') {
    const end = new ClientEnd(host, Number(port), run, protocol)
    const reading = new Reading(end.socket)
    if (uploads) end.socket.once('secureConnect', () => upload(end.socket))
    if (pause > 0) end.socket.once('secureConnect', () => void sleep(pause).then(() => read(end.socket, reading)))
    else read(end.socket, reading)
    await closed(end.socket)
    return [reading.bytes, reading.failure, end.tickets, await end.resumes()].join(' ')
  },
})

/** Counts what comes; of a response only its body. */
function read(socket: tls.TLSSocket, reading: Reading): void {
  let head: Buffer | undefined = uploads ? Buffer.alloc(0) : undefined
  socket.on('data', (data: Buffer) => {
    if (head === undefined) {
      reading.add(data)
      return
    }
    head = Buffer.concat([head, data])
    const at = head.indexOf(endOfHead)
    if (at === -1) return
    reading.add(head.subarray(at + endOfHead.length))
    head = undefined
  })
}

/** As fast as the socket takes it, until the response has ended. */
function upload(socket: tls.TLSSocket): void {
  let left = uploadBytes
  const pump = (): void => {
    while (left > 0 && socket.writable) {
      left -= piece.length
      if (!socket.write(piece)) {
        socket.once('drain', pump)
        return
      }
    }
  }
  socket.once('end', () => {
    left = 0
  })
  socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${uploadBytes}\r\n\r\n`)
  pump()
}
