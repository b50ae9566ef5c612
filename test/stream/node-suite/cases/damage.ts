// Records that are damaged in the middle of a connection.
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { NodeCase } from '../case.js'
import { codeOf, next, type Watched, watch } from '../watch.js'

// The header of a record of data, and what nobody has sealed.
const forged = Buffer.concat([Buffer.from([23, 3, 3, 0, 64]), Buffer.alloc(64, 0xff)])
// Versions of OpenSSL have different words for it.
const words: readonly (readonly [RegExp, string])[] = [
  [/ERR_SSL_(DECRYPTION_FAILED_OR_BAD_RECORD_MAC|CIPHER_OPERATION_FAILED)$/, 'nobody has sealed it'],
  [/ERR_SSL_\S+_ALERT_BAD_RECORD_MAC$/, 'the alert of that'],
]

function kindOf(error: unknown): string {
  return words.reduce((text, [word, kind]) => text.replace(word, kind), codeOf(error))
}

// A stream in front of a socket, so that somebody else can write to the socket: to what is beneath a TLS stream nobody can.
function passage(outside: Socket): { readonly inside: Duplex; readonly outside: Socket } {
  const inside = new Duplex({
    read: () => void outside.resume(),
    write: (chunk: Buffer, _encoding, done) => void outside.write(chunk, done),
    final: (done) => void outside.end(done),
    destroy: (error, done) => {
      outside.destroy()
      done(error)
    },
  })
  outside.on('data', (bytes: Buffer) => {
    if (!inside.push(bytes)) outside.pause()
  })
  outside.on('end', () => void inside.push(null))
  outside.on('error', (error) => void inside.destroy(error))
  outside.on('close', () => void inside.destroy())
  return { inside, outside }
}

const because = 'a fatal alert is a stream that was cut: ERR_TLS_TRUNCATED, with the error of OpenSSL as its cause'

export const damageCases: readonly NodeCase[] = [
  {
    test: 'test-tls-alert-handling',
    asks: 'a record that nobody has sealed is an error of OpenSSL on one side and its alert on the other',
    run: async (ends) => {
      let failed: (error: unknown) => void = () => undefined
      const atServer = new Promise<unknown>((resolve) => {
        failed = resolve
      })
      const { port } = await ends.serve((end) => void end.on('error', failed).pipe(end))
      const { inside, outside } = passage(ends.connectPlain(port))
      const client = ends.connect({ socket: inside })
      client.write('x')
      await next(client, 'data')
      const atClient = next(client, 'error')
      outside.write(forged)
      return { client: kindOf(await atClient), server: kindOf(await atServer) }
    },
    facts: {
      client: 'the alert of that',
      server: 'nobody has sealed it',
    },
    differs: {
      client: { client: 'ERR_TLS_TRUNCATED: the alert of that' },
      server: { server: 'ERR_TLS_TRUNCATED: nobody has sealed it' },
      because,
    },
  },
  {
    test: 'test-tls-write-error',
    asks: 'a side that goes on writing when the other one damages the connection is closed with an error',
    run: async (ends) => {
      let far: Watched | undefined
      const { port } = await ends.serve((end) => {
        far = watch(end)
        const write = () => {
          if (!end.destroyed) end.write('hello', () => void setImmediate(write))
        }
        write()
      })
      const { inside, outside } = passage(ends.connectPlain(port))
      const client = ends.connect({ socket: inside })
      watch(client)
      await next(client, 'data')
      outside.write(forged)
      await far?.closed
      return { server: kindOf(far?.error), hadError: far?.hadError }
    },
    facts: { server: 'nobody has sealed it', hadError: true },
    differs: { server: { server: 'ERR_TLS_TRUNCATED: nobody has sealed it' }, because },
  },
]
