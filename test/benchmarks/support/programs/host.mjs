// A program on a host of a TUN network. `listen ADDRESS` answers with a port, where what comes over TCP is sent back, and
// FIN after FIN. `connect ADDRESS PORT` opens a connection to it; `echo BYTES` sends so many and answers with the ms until
// all are back; `end` sends FIN and answers with the ms until the other end's is there. `hear ADDRESS` answers with a port
// for datagrams, `say ADDRESS PORT WORD` sends one, and `heard COUNT` answers with the words when there are so many.
import dgram from 'node:dgram'
import { once } from 'node:events'
import net from 'node:net'
import { serveParent } from '../../../../dist/benchmarks/support/child-side.js'

let socket = new net.Socket()
const datagrams = dgram.createSocket('udp4')
const heard = []
datagrams.on('message', (message) => heard.push(message.toString()))

serveParent([], {
  async listen(host) {
    const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (far) => far.pipe(far))
    await once(server.listen(0, host), 'listening')
    return server.address().port
  },
  async connect(host, port) {
    socket = net.connect({ host, port: Number(port), noDelay: true, allowHalfOpen: true })
    await once(socket, 'connect')
  },
  async echo(bytes) {
    const began = performance.now()
    socket.write(Buffer.alloc(Number(bytes)))
    for (let back = 0; back < Number(bytes); ) back += (await once(socket, 'data'))[0].length
    return performance.now() - began
  },
  async end() {
    const began = performance.now()
    socket.end()
    await once(socket, 'end')
    return performance.now() - began
  },
  async hear(host) {
    await new Promise((resolve) => datagrams.bind(0, host, resolve))
    return datagrams.address().port
  },
  async say(host, port, word) {
    await new Promise((resolve) => datagrams.send(word, Number(port), host, resolve))
  },
  async heard(count) {
    while (heard.length < Number(count)) await once(datagrams, 'message')
    return heard.join(' ')
  },
})
