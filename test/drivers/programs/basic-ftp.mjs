// A client of FTP: a list, a download, one that is broken off, and an upload; each has a data connection of its own.
import { Readable, Writable } from 'node:stream'
import { Client } from 'basic-ftp'
import { host, ours, policy, port, step } from './kit.mjs'

const connecting = ours?.closingConnect(policy)
const client = new Client()
const sink = () => {
  let bytes = 0
  const stream = new Writable({
    write(chunk, _encoding, done) {
      bytes += chunk.length
      done()
    },
  })
  return { stream, bytes: () => bytes }
}

await step('log in', async () => {
  const secureOptions = connecting ? connecting({ host }) : { host }
  return (await client.access({ host: '127.0.0.1', port, secure: true, secureOptions })).code
})
await step('list', async () => (await client.list()).map(({ name, size, type }) => [name, size, type]))
await step('download', async () => {
  const { stream, bytes } = sink()
  await client.downloadTo(stream, 'large.bin')
  return bytes()
})
await step('upload', async () => {
  await client.uploadFrom(Readable.from([Buffer.alloc(300_000, 'up')]), `incoming/upload-${process.pid}`)
})
await step('its size', () => client.size(`incoming/upload-${process.pid}`))
await step('a file that is not there', () => client.downloadTo(sink().stream, 'nothing.bin'))
await step('close', () => client.close())
