// How a process with a policy ends.
import { fileURLToPath } from 'node:url'
import type { TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ClosurePolicy, closureOf } from '../../lib/index.js'
import { listen } from '../closure/servers.js'
import { text } from '../closure/sides.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { type PeerProcess, startPeer } from '../support/peers/child.js'
import { once } from '../support/streams.js'
import { ample, connected, get, modes, tlsServer } from './harness.js'

/** A program of this folder in a process of its own, on this very Node. */
function start(name: string, args: readonly string[]): PeerProcess {
  const file = fileURLToPath(new URL(`programs/${name}`, import.meta.url))
  const peer = startPeer({ command: 'env', args: [process.execPath, file, ...args], debianPackage: 'coreutils' })
  onTestFinished(peer.stop)
  return peer
}

function facts(peer: PeerProcess): unknown[] {
  return peer.output.map((line): unknown => JSON.parse(line))
}

async function serving(version: TlsVersion, policy: ClosurePolicy): Promise<{ peer: PeerProcess; port: number }> {
  const peer = start('server.mjs', [version, JSON.stringify(policy)])
  const [, port] = await peer.line(/"listening","port":(\d+)/)
  return { peer, port: Number(port) }
}

describe.each(tlsVersions)('%s', (version) => {
  test.each(['waiting', 'serving'])('no timer keeps the process alive: %s', async (what) => {
    // Never ends its half, and so never answers.
    const never = (socket: TLSSocket) => {
      socket.resume()
      onTestFinished(() => void socket.destroy())
    }
    const silent = tlsServer(version, never, { allowHalfOpen: true })
    const peer = start('timers.mjs', [what, version, String(await listen(silent))])
    expect(await peer.exit).toEqual({ code: 0, signal: null })
    expect(facts(peer)).toMatchObject([{ event: what }, { event: 'exit', code: 0 }])
  })

  test.each(modes)('http2 sessions that are destroyed at any moment end no process, %s', async (mode) => {
    const peer = start('http2-destroys.mjs', [version, mode, '1'])
    expect(await peer.exit).toEqual({ code: 0, signal: null })
    expect(facts(peer)).toEqual([{ rounds: 30, closed: 30 }])
  })

  describe.each([
    { mode: 'unidirectional', onDestroy: 'close_notify' },
    { mode: 'bidirectional', onDestroy: 'close_notify', waitTimeout: ample },
  ] as const)('SIGTERM and server.close() under %j', (policy) => {
    test('the idle connection gets our alert, the response that is under way goes out whole, the process ends', async () => {
      const { peer, port } = await serving(version, policy)
      const idle = await connected(port, version)
      const idleReport = closureOf(idle).report
      idle.write(get('/'))
      await once(idle, 'data')
      idle.resume()

      const busy = await connected(port, version)
      const busyReport = closureOf(busy).report
      const received = text(busy)
      busy.write(get('/slow', 'Connection: close\r\n'))
      await peer.line(/pending/)

      peer.write('term\n')
      await peer.line(/closing/)
      expect(await idleReport).toMatchObject({ received: { kind: 'close_notify' } })
      expect(busy.destroyed).toBe(false)
      await expect(connected(port, version)).rejects.toMatchObject({ code: 'ECONNREFUSED' })

      peer.write('finish\n')
      expect(await busyReport).toMatchObject({ received: { kind: 'close_notify' } })
      expect((await received).text).toMatch(/first half, [\s\S]*second half\r\n0\r\n\r\n$/)
      expect(await peer.exit).toEqual({ code: 0, signal: null })
      expect(facts(peer)).toContainEqual({ event: 'drained', connections: 0 })
      expect(facts(peer).at(-1)).toEqual({ event: 'exit', code: 0 })
    })
  })

  test('a server that waits for its peers is not done before they have answered', async () => {
    const { peer, port } = await serving(version, { mode: 'bidirectional', waitTimeout: ample })
    const client = await connected(port, version)
    client.write(get('/slow', 'Connection: close\r\n'))
    await peer.line(/pending/)
    peer.write('term\n')
    await peer.line(/closing/)
    // The client reads no further, so that it does not answer.
    await once(client, 'readable')
    peer.write('finish\n')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(facts(peer)).not.toContainEqual({ event: 'drained', connections: 0 })
    client.resume()
    expect(await peer.exit).toEqual({ code: 0, signal: null })
    expect(facts(peer)).toContainEqual({ event: 'closure', mode: 'bidirectional', verdict: 'clean', began: 'local' })
    expect(facts(peer)).toContainEqual({ event: 'drained', connections: 0 })
  })
})
