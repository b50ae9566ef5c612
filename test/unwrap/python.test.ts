// Against Python's ssl: its unwrap() and ours meet, whoever begins, and both go on in the clear.
import { createServer, connect, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf, type StartedTls, startTls } from '../../lib/index.js'
import { listen } from '../closure/servers.js'
import { stopAfter } from '../support/peers/child.js'
import { pythonClient, type PythonPeer, pythonServer } from '../support/peers/python.js'
import { once, readExactly, turns } from '../support/streams.js'
import { ample, optionsOf, startedSides } from './started.js'

describe.each(startedSides)('$version, our side is the $near', (side) => {
  async function against(steps: Parameters<typeof pythonServer>[0]['steps'], end?: 'answers') {
    const { version, near } = side
    if (near === 'client') {
      const peer = stopAfter(await pythonServer({ version, steps }))
      return startedBy(peer, connect({ port: peer.port, host: '127.0.0.1' }), end)
    }
    const server = createServer()
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
    const peer = stopAfter(pythonClient({ version, port: await listen(server), steps }))
    return startedBy(peer, await accepted, end)
  }

  interface Started extends StartedTls {
    readonly peer: PythonPeer
    readonly tcp: Socket
    /** The outcome of unwrap(), where the end of the peer's stream is answered by that. */
    readonly answered: Promise<Socket> | undefined
  }

  async function startedBy(peer: PythonPeer, tcp: Socket, end: 'answers' | undefined): Promise<Started> {
    const tls = startTls(tcp, optionsOf(side))
    const { socket, unwrap } = tls
    socket.on('error', () => undefined)
    onTestFinished(() => void socket.destroy())
    // The end may come together with the handshake, and Node tells it without a reader.
    const answered =
      end &&
      new Promise<Socket>((resolve) => {
        socket.once('end', () => {
          resolve(unwrap(ample))
        })
      })
    await once(socket, 'secureConnect')
    await turns(1)
    return { peer, tcp, answered, ...tls }
  }

  test('we begin, and both go on in the clear', async () => {
    const steps = [
      { do: 'read', bytes: 3 },
      { do: 'unwrap' },
      { do: 'send-text', text: 'clear' },
      { do: 'read', bytes: 6 },
    ] as const
    const { peer, tcp, socket, unwrap } = await against(steps)
    socket.resume().write('CCC')
    expect(await unwrap(ample)).toBe(tcp)
    expect(await peer.event('unwrap')).toEqual({ event: 'unwrap', ok: true })
    expect(String(await readExactly(tcp, 5))).toBe('clear')
    tcp.write('answer')
    expect(await peer.event('read')).toMatchObject({ bytes: 3 })
    await peer.event('done')
    expect(await closureOf(socket).report).toMatchObject({ verdict: 'clean' })
    tcp.destroy()
  })

  test('it begins, and both go on in the clear', async () => {
    const steps = [{ do: 'unwrap' }, { do: 'send-text', text: 'clear' }, { do: 'read-to-end' }] as const
    const { peer, tcp, socket, answered } = await against(steps, 'answers')
    socket.resume()
    await answered
    expect(String(await readExactly(tcp, 5))).toBe('clear')
    tcp.end('answer')
    expect(await peer.event('unwrap')).toEqual({ event: 'unwrap', ok: true })
    expect(await peer.event('end')).toMatchObject({ bytes: 6, how: 'fin' })
    expect(await closureOf(socket).report).toMatchObject({ verdict: 'clean', began: 'peer' })
  })

  test('where nobody unwraps, its close_notify ends the connection as in stock Node', async () => {
    const { peer, tcp, socket } = await against([{ do: 'unwrap' }, { do: 'read-to-end' }])
    socket.resume()
    expect(await peer.event('unwrap')).toEqual({ event: 'unwrap', ok: true })
    expect(await peer.event('end')).toMatchObject({ bytes: 0, how: 'fin' })
    if (!socket.closed) await once(socket, 'close')
    expect(tcp.destroyed).toBe(true)
  })

  test('it ends TCP without an alert: nothing is given back', async () => {
    const { tcp, socket, unwrap } = await against([{ do: 'read', bytes: 3 }, { do: 'close' }])
    socket.resume().write('CCC')
    await expect(unwrap(ample)).rejects.toMatchObject({ code: 'ERR_UNWRAP_FAILED' })
    expect(tcp.destroyed).toBe(true)
  })
})
