// A program that knows nothing of policies: a request over https by the built-in fetch, and the reports of its connection.
import https from 'node:https'
import { close, keys, listen, print, takeReports } from './kit.mjs'

const server = https.createServer(keys, (_request, response) => response.end('hello'))
const port = await listen(server)
const response = await fetch(`https://localhost:${port}/`, { headers: { connection: 'close' } })
const text = await response.text()
await close(server)
print({ text, reports: takeReports() })
