// fetch that takes no truncated body for a whole one. It needs `npm install undici`: Node's own fetch takes a dispatcher of it.
//
//     node examples/fetch.mjs
import { once } from 'node:events'
import tls from 'node:tls'
import { closingConnect, closureOf } from 'close-notify'
import { Agent, setGlobalDispatcher } from 'undici'
import { makeCertificate } from './support/certificate.mjs'
import { portOf } from './support/wire.mjs'

const { key, cert } = await makeCertificate()

// A body without a length, which the end of the connection delimits, cut by a bare FIN.
const server = tls.createServer({ key, cert }, (socket) => {
  socket.once('data', () => {
    socket.write('HTTP/1.1 200 OK\r\n\r\nhalf a bo')
    void closureOf(socket).shutdown({ mode: 'quiet' })
  })
})
server.listen(0, 'localhost')
await once(server, 'listening')
const url = `https://localhost:${portOf(server)}/`

async function get() {
  const response = await fetch(url)
  try {
    return `a whole body: ${await response.text()}`
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    return `an error: ${cause instanceof Error && 'code' in cause ? String(cause.code) : String(error)}`
  }
}

const stock = new Agent({ connect: { ca: cert } })
setGlobalDispatcher(stock)
console.log(`stock fetch gives ${await get()}`)

const connecting = closingConnect({ onTruncation: 'error' })
const strict = new Agent({ connect: connecting({ ca: cert }) })
setGlobalDispatcher(strict)
console.log(`under the policy it gives ${await get()}`)

await Promise.all([stock.destroy(), strict.destroy()])
server.close()
