// An upload and a download of vsftpd, each with a data connection of its own, and close(). The end of an upload begins
// behind the last byte of its source, that of a download behind the last byte that came.
import { Readable, Writable } from 'node:stream'
import { Client } from 'basic-ftp'
import { host, port } from '../kit.mjs'
import { connections, ending } from './kit.mjs'

let uploads = 0
await connections(async () => {
  const client = new Client()
  await client.access({ host: '127.0.0.1', port, secure: true, secureOptions: { host } })
  const source = Readable.from([Buffer.alloc(10_000, 'up')])
  source.once('end', () => ending('upload'))
  uploads++
  await client.uploadFrom(source, `incoming/upload-${process.pid}-${uploads}`)
  const sink = new Writable({
    write(_chunk, _encoding, done) {
      ending('download')
      done()
    },
  })
  await client.downloadTo(sink, 'large.bin')
  return () => client.close()
}, 'control')
