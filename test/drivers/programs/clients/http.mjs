// A stock client of http: two requests on a kept connection, an upload, and a last one that ends its connection.
import https from 'node:https'
import { text } from 'node:stream/consumers'

const [port] = process.argv.slice(2)
const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })

async function ask(path, { method = 'GET', headers = {}, body } = {}) {
  const response = await new Promise((resolve, reject) => {
    https.request({ host: 'localhost', port, path, method, headers, agent }, resolve).once('error', reject).end(body)
  })
  return { status: response.statusCode, body: await text(response) }
}

const ways = [
  () => ask('/kept'),
  () => ask('/kept'),
  () => ask('/echo', { method: 'POST', body: 'a body of http '.repeat(10_000) }),
  () => ask('/last', { headers: { connection: 'close' } }),
  () => ask('/cut'),
]
for (const way of ways) {
  const { status, body, error } = await way().catch(({ code }) => ({ error: code }))
  console.log(JSON.stringify(error === undefined ? [status, body.length, body.slice(0, 20)] : { error }))
}
agent.destroy()
