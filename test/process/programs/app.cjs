// The same as a CommonJS module, which takes what it needs of Node's modules before anything else.
const { connect, createServer } = require('node:tls')
// As a program of old has it.
// biome-ignore lint/style/useNodejsImportProtocol: it is the same module
const { get, Server } = require('https')

async function main() {
  const { ca, close, keys, listen, print, takeReports } = await import('./kit.mjs')
  const server = new Server(keys, (_request, response) => response.end('hello'))
  const port = await listen(server)
  const text = await new Promise((resolve) => {
    get({ host: 'localhost', port, agent: false, ca, headers: { connection: 'close' } }, (response) => {
      let body = ''
      response.on('data', (chunk) => (body += chunk)).on('close', () => resolve(body))
    })
  })
  await close(server)

  const plain = createServer(keys, (socket) => socket.end('hello'))
  const socket = connect({ host: 'localhost', port: await listen(plain), ca })
  await new Promise((resolve) => socket.resume().on('close', resolve))
  await close(plain)
  print({ text, reports: takeReports() })
}

void main()
