// Reading and writing: order, callbacks, what waits, and what it waits for.
import type { Readable } from 'node:stream'
import type { NodeCase } from '../case.js'
import { next, watch } from '../watch.js'

const mebibyte = 1024 * 1024

function readFrom(stream: Readable): Buffer | undefined {
  const chunk: unknown = stream.read()
  return Buffer.isBuffer(chunk) ? chunk : undefined
}

export const dataCases: readonly NodeCase[] = [
  {
    test: 'test-tls-buffersize',
    asks: 'what was written and has not left is counted, never more than was written, and nothing is left at finish',
    run: async (ends) => {
      const { client, server } = await ends.pair()
      const seen = watch(server)
      const lengths = [client.writableLength]
      for (let i = 0; i < 9; i++) {
        client.write('a')
        lengths.push(client.writableLength)
      }
      const bufferSize: unknown = Reflect.get(client, 'bufferSize')
      client.end()
      await next(client, 'finish')
      await seen.closed
      // In stock Node nothing leaves in the tick of a write, here what the kernel takes.
      const isCounted = lengths.every((length, written) => length >= 0 && length <= written)
      return { isCounted, left: client.writableLength, bufferSize, text: seen.text }
    },
    facts: { isCounted: true, left: 0, bufferSize: 9, text: 'aaaaaaaaa' },
    differs: {
      client: { bufferSize: undefined },
      because: 'bufferSize is deprecated in Node: writableLength has the number',
    },
  },
  {
    test: 'test-tls-client-destroy-soon',
    asks: 'destroySoon() behind end() lets 2 MiB out first',
    run: async (ends) => {
      const big = Buffer.alloc(2 * mebibyte, 'Y')
      const { port } = await ends.serve((end) => {
        end.end(big)
        end.destroySoon()
      })
      const client = ends.connect({ port })
      const seen = watch(client, { flow: false })
      let bytes = 0
      client.on('readable', () => {
        // Bun and Deno give a chunk at a time, where Node gives all.
        for (let chunk = readFrom(client); chunk !== undefined; chunk = readFrom(client)) bytes += chunk.length
      })
      await seen.closed
      return { bytes, ended: seen.ended, error: seen.error }
    },
    facts: { bytes: 2 * mebibyte, ended: true, error: undefined },
  },
  {
    test: 'test-tls-fast-writing',
    asks: "write() returns false in the end, 'drain' follows, and the peer is given whole Buffers",
    run: async (ends) => {
      const { client, server } = await ends.pair()
      const chunks: unknown[] = []
      const gotChunk = next(
        server.on('data', (chunk) => chunks.push(chunk)),
        'data',
      )
      const chunk = Buffer.alloc(1024, 'x')
      const drained = next(client, 'drain')
      let written = 0
      // A kernel takes some MiB at once.
      while (client.write(chunk) && written < 64 * 1024) written++
      await Promise.all([drained, gotChunk])
      const areBuffers = chunks.every((one) => Buffer.isBuffer(one) && one.length > 0)
      return { isLimited: written < 64 * 1024, areBuffers }
    },
    facts: { isLimited: true, areBuffers: true },
  },
  {
    test: 'test-tls-interleave',
    asks: "writes of both sides at once arrive in order, read by 'readable'",
    run: async (ends) => {
      const { port } = await ends.serve((end) => {
        end.resume()
        for (const text of ['some server data,', 'and a separate packet,', 'and one more']) end.write(text)
      })
      const client = ends.connect({ port }, () => void client.write('some client data'))
      let text = ''
      client.on('readable', () => {
        text += String(readFrom(client) ?? '')
        if (text.endsWith('more')) client.end()
      })
      const { closed } = watch(client, { flow: false })
      await closed
      return { text }
    },
    facts: { text: 'some server data,and a separate packet,and one more' },
  },
  {
    test: 'test-tls-invoke-queued',
    asks: 'a write that was queued behind the one whose callback destroys arrives, and has its callback called',
    run: async (ends) => {
      let callbacks = 0
      const called = () => {
        callbacks++
      }
      const { port } = await ends.serve((end) => {
        end.write('hello ', () => {
          called()
          end.write('world!', () => {
            called()
            end.destroy()
          })
          end.write(' gosh', called)
        })
      })
      const seen = watch(ends.connect({ port }))
      await seen.closed
      return { text: seen.text, ended: seen.ended, error: seen.error, callbacks }
    },
    facts: { text: 'hello world! gosh', ended: true, error: undefined, callbacks: 3 },
    differs: {
      client: { ended: false, error: 'ERR_TLS_TRUNCATED' },
      because: 'destroy() sends no close_notify: its peer was cut off, after all that came',
    },
  },
  {
    test: 'test-tls-pause',
    asks: 'nothing is given while paused, and all that was echoed is given then',
    run: async (ends) => {
      const { client, server } = await ends.pair()
      server.pipe(server)
      let received = 0
      let early = 0
      client.pause()
      client.on('data', (chunk: Buffer) => {
        if (client.isPaused()) early += chunk.length
        received += chunk.length
        if (received === sent) client.end()
      })
      client.pause()
      let sent = 0
      do sent += mebibyte
      while (client.write(Buffer.alloc(mebibyte)))
      client.resume()
      await watch(server, { flow: false }).closed
      return { isWhole: received === sent, early }
    },
    facts: { isWhole: true, early: 0 },
  },
  {
    test: 'test-tls-set-encoding',
    asks: 'setEncoding() before the handshake gives text in that encoding',
    sides: 'client',
    run: async (ends) => {
      const { port } = await ends.serve((end) => void end.end('x\u221aab c'))
      const client = ends.connect({ port }).setEncoding('ascii')
      const types = new Set<string>()
      client.on('data', (chunk) => types.add(typeof chunk))
      const seen = watch(client)
      await seen.closed
      return { text: seen.text, types: [...types] }
    },
    facts: { text: 'xb\b\u001aab c', types: ['string'] },
  },
  {
    test: 'test-tls-zero-clear-in',
    asks: "end('') before the handshake writes nothing and is no error",
    run: async (ends) => {
      const { port } = await ends.serve((end) => void end.resume())
      const client = ends.connect({ port })
      const secured = next(client, 'secureConnect')
      client.end('')
      const seen = watch(client)
      await secured
      await seen.closed
      return { error: seen.error, bytes: seen.bytes, finished: seen.finished }
    },
    facts: { error: undefined, bytes: 0, finished: true },
  },
  {
    test: 'test-tls-close-event-after-write',
    asks: "both sides emit 'close' after 1 MiB was written and both have ended",
    run: async (ends) => {
      const { client, server } = await ends.pair()
      const [near, far] = [watch(client), watch(server)]
      client.on('data', () => {
        if (near.bytes === mebibyte) client.end()
      })
      server.end(Buffer.alloc(mebibyte))
      await Promise.all([near.closed, far.closed])
      return { bytes: near.bytes, errors: [near.error, far.error], ended: [near.ended, far.ended] }
    },
    facts: { bytes: mebibyte, errors: [undefined, undefined], ended: [true, true] },
  },
  {
    test: 'test-tls-use-after-free-regression',
    asks: "destroy() in 'data', with more to be read, closes",
    sides: 'client',
    run: async (ends) => {
      const { port } = await ends.serve((end) => {
        end.on('error', () => undefined)
        end.on('data', () => {
          for (let i = 0; i < 3; i++) end.write('an answer')
        })
      })
      const client = ends.connect({ port }, () => void client.write('a request'))
      const seen = watch(client)
      let calls = 0
      client.on('data', () => {
        calls++
        client.destroy()
      })
      await seen.closed
      return { calls, error: seen.error }
    },
    facts: { calls: 1, error: undefined },
  },
  {
    test: 'test-tls-socket-destroy',
    asks: "destroy() of a server's end inside 'data', in the middle of 1 MiB, harms nothing",
    run: async (ends) => {
      const { client, server } = await ends.pair()
      const [near, far] = [watch(client), watch(server)]
      server.once('data', () => server.destroy())
      client.write(Buffer.alloc(mebibyte, '*'))
      await Promise.all([near.closed, far.closed])
      return { server: far.error, isAllThere: far.bytes === mebibyte }
    },
    facts: { server: undefined, isAllThere: false },
  },
]
