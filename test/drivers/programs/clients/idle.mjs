// A stock client of http that asks once, and keeps its connection until the server ends it.
import https from 'node:https'
import { text } from 'node:stream/consumers'

const [port] = process.argv.slice(2)
const agent = new https.Agent({ keepAlive: true })
const response = await new Promise((resolve, reject) => {
  https.get({ host: 'localhost', port, path: '/kept', agent }, resolve).once('error', reject)
})
const closed = new Promise((resolve) => response.socket.once('close', resolve))
console.log(JSON.stringify([response.statusCode, await text(response)]))
// An idle connection of an agent keeps no process alive.
const alive = setInterval(() => {}, 1000)
await closed
clearInterval(alive)
