// A socket that is destroyed from inside the read that brings the peer's end, or because of what the kernel has to read: by
// its reader, or by the guard of Node's agents, which from a 22.x, 24.x and 26.x on looks after idle sockets. Nothing of ours had begun then.
import https from 'node:https'
import net from 'node:net'
import { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type ConnectionOptions, connect, createServer, TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ClosureReport, closureOf, controlClosure } from '../../lib/index.js'
import { watch } from '../policy/harness.js'
import { certificate } from '../support/certificate.js'
import { destroysIdleSockets } from '../support/agents.js'
import { EngineEnd } from '../support/engine-end.js'
import { tlsVersions, type TlsVersion } from '../support/pair.js'
import { once, turns } from '../support/streams.js'
import { listen } from './servers.js'

const { key, cert, cert: ca, host } = certificate

/** Whether Node's agents look after idle sockets: they destroy one that the peer has ended, and end it otherwise. */
const isGuarded = await destroysIdleSockets()

/** How the peer ends: what it sends at once, in one write and a FIN or RST behind it, and what when our side is gone. */
interface Ending {
  readonly atOnce: (peer: EngineEnd) => void
  readonly later?: (peer: EngineEnd) => void
}

const tcpOf = ({ stream }: EngineEnd): net.Socket => {
  if (!(stream instanceof net.Socket)) throw new Error('Expected a socket')
  return stream
}
const fin = (peer: EngineEnd): void => void peer.stream.end()
const rst = (peer: EngineEnd): void => void tcpOf(peer).resetAndDestroy()

/** Sends those parts in one write, and then what `end` does. */
const sending =
  (parts: (peer: EngineEnd) => readonly Buffer[], end: (peer: EngineEnd) => void = () => undefined) =>
  (peer: EngineEnd): void => {
    peer.send(...parts(peer))
    end(peer)
  }
const stray = (peer: EngineEnd): Buffer => peer.sealed('stray')
const closeNotify = (peer: EngineEnd): Buffer => peer.closeNotify()
const fatal = (peer: EngineEnd): Buffer => peer.fatalAlert()

/** A record that nobody can decrypt. */
function corrupt(peer: EngineEnd): Buffer {
  const record = peer.sealed('corrupt')
  const last = record.length - 1
  record.writeUInt8(record.readUInt8(last) ^ 1, last)
  return record
}

/** An ending as an idle socket meets it, without data before it but for what is called stray. */
const endings = {
  'FIN alone': { atOnce: fin },
  'close_notify and FIN': { atOnce: sending((peer) => [closeNotify(peer)], fin) },
  'close_notify, FIN later': { atOnce: sending((peer) => [closeNotify(peer)]), later: fin },
  RST: { atOnce: rst },
  'a fatal alert': { atOnce: sending((peer) => [fatal(peer)]), later: fin },
  'stray data and FIN': { atOnce: sending((peer) => [stray(peer)], fin) },
  'stray data, close_notify and FIN': { atOnce: sending((peer) => [stray(peer), closeNotify(peer)], fin) },
} as const satisfies Record<string, Ending>

/** An ending as a reader meets it that destroys its socket at the first data. */
const endingsBehindData = {
  'FIN with the data': { atOnce: sending((peer) => [stray(peer)], fin) },
  'FIN later': { atOnce: sending((peer) => [stray(peer)]), later: fin },
  'close_notify and FIN with the data': { atOnce: sending((peer) => [stray(peer), closeNotify(peer)], fin) },
  'close_notify with the data, FIN later': { atOnce: sending((peer) => [stray(peer), closeNotify(peer)]), later: fin },
  'more data, close_notify and FIN with the data': {
    atOnce: sending((peer) => [stray(peer), stray(peer), closeNotify(peer)], fin),
  },
  'close_notify later': {
    atOnce: sending((peer) => [stray(peer)]),
    later: sending((peer) => [closeNotify(peer)], fin),
  },
  'a fatal alert with the data': { atOnce: sending((peer) => [stray(peer), fatal(peer)]), later: fin },
  'a corrupt record with the data': { atOnce: sending((peer) => [stray(peer), corrupt(peer)]), later: fin },
  'RST with the data': { atOnce: sending((peer) => [stray(peer)], rst) },
  'RST later': { atOnce: sending((peer) => [stray(peer)]), later: rst },
  // More than libuv reads at once: what is left may end in a close_notify, and does.
  'data that is left unread, close_notify and FIN': {
    atOnce: sending((peer) => [peer.sealed(Buffer.alloc(100_000)), closeNotify(peer)], fin),
  },
} as const satisfies Record<string, Ending>

type Expected = Pick<ClosureReport, 'verdict' | 'began'>
const truncated: Expected = { verdict: 'truncated', began: 'peer' }
const reset: Expected = { verdict: 'reset', began: 'peer' }
const alerted: Expected = { verdict: 'alerted', began: 'peer' }
const clean: Expected = { verdict: 'clean', began: 'peer' }
const unreciprocated: Expected = { verdict: 'unreciprocated', began: 'peer' }
const aborted: Expected = { verdict: 'aborted', began: 'local' }
// The guard destroys where a Node without it ends the stream, with a close_notify.
const afterCloseNotify = isGuarded ? unreciprocated : clean

const summary = ({ verdict, began }: ClosureReport): Expected => ({ verdict, began })

describe.each(tlsVersions)('%s', (version) => {
  describe.each(['client', 'server'] as const)('our side is the %s', (side) => {
    describe.each(['data', 'readable', 'onread'] as const)('destroyed at the first data, read by %s', (reading) => {
      // Of a server's sockets no program chooses that option.
      const isReadable = reading !== 'onread' || side === 'client'

      test.runIf(isReadable).each([
        ['FIN with the data', truncated],
        ['FIN later', aborted],
        ['close_notify and FIN with the data', unreciprocated],
        ['close_notify with the data, FIN later', unreciprocated],
        ['more data, close_notify and FIN with the data', unreciprocated],
        ['close_notify later', aborted],
        ['a fatal alert with the data', alerted],
        ['a corrupt record with the data', aborted],
        ['RST with the data', reset],
        ['RST later', aborted],
        ['data that is left unread, close_notify and FIN', aborted],
      ] as const)('%s', async (name, expected) => {
        const { near, peer } = await connectedTo(side, version, reading)
        const { report } = closureOf(near)
        await endBy(endingsBehindData[name], near, peer)
        const facts = await report
        expect(summary(facts)).toEqual(expected)
        expect(facts.sent).toEqual({ kind: 'nothing' })
      })
    })
  })

  describe.each(['closureOf()', 'a policy of the agent'] as const)('an idle socket of an agent, %s', (follow) => {
    test.each([
      ['FIN alone', truncated],
      ['close_notify and FIN', afterCloseNotify],
      ['close_notify, FIN later', afterCloseNotify],
      ['RST', reset],
      ['a fatal alert', alerted],
      ['stray data and FIN', truncated],
      ['stray data, close_notify and FIN', afterCloseNotify],
    ] as const)('%s', async (name, expected) => {
      const { agent, ask, peers } = await agentAndPeers(version)
      const watched = follow === 'closureOf()' ? undefined : watch(controlClosure(agent, {}))
      const near = await ask()
      const report = watched === undefined ? closureOf(near).report : watched.report()
      await endBy(endings[name], near, lastOf(peers))
      expect(summary(await report)).toEqual(expected)
    })
  })

  test.each([
    ['FIN alone', truncated],
    ['close_notify and FIN', clean],
    ['RST', reset],
    ['stray data and FIN', truncated],
  ] as const)("an idle socket of an agent, under onDestroy: 'close_notify': %s", async (name, expected) => {
    const { agent, ask, peers } = await agentAndPeers(version)
    const watched = watch(controlClosure(agent, { onDestroy: 'close_notify' }))
    const near = await ask()
    await endBy(endings[name], near, lastOf(peers))
    expect(summary(await watched.report())).toEqual(expected)
  })

  test.each([
    ['FIN alone', truncated],
    ['close_notify and FIN', afterCloseNotify],
    ['stray data, close_notify and FIN', afterCloseNotify],
  ] as const)('an idle socket of an agent, on a Duplex of the program: %s', async (name, expected) => {
    const { ask, peers } = await agentAndPeers(version, over)
    const near = await ask()
    const { report } = closureOf(near)
    await endBy(endings[name], near, lastOf(peers))
    expect(summary(await report)).toEqual(expected)
  })

  // Some destroy it and take another, others use it, and the request fails.
  test('an idle socket of an agent, with the FIN unread when it is to be used again', async () => {
    const usedAgain = async (follow: (near: TLSSocket) => void): Promise<string> => {
      const { ask, peers } = await agentAndPeers(version)
      const near = await ask()
      follow(near)
      // Before libuv polls again: it has not read the FIN, which the kernel has.
      await new Promise<void>((resolve) => lastOf(peers).stream.end(resolve))
      return ask().then(
        (next) => (next === near ? 'the same' : 'another'),
        (error: unknown) => String(Reflect.get(Object(error), 'code')),
      )
    }
    const stock = await usedAgain(() => undefined)
    const reports: Promise<ClosureReport>[] = []
    expect(await usedAgain((near) => void reports.push(closureOf(near).report))).toBe(stock)
    expect((await Promise.all(reports)).map(summary)).toEqual([truncated])
  })

  test.each(Object.keys(endings).filter(isEnding))('the program hears the same as without us: %s', async (name) => {
    const heard = async (follow: (agent: https.Agent, near: TLSSocket) => void): Promise<readonly string[]> => {
      const { agent, ask, peers } = await agentAndPeers(version)
      const near = await ask()
      const events: string[] = []
      near.on('end', () => events.push('end')).on('agentRemove', () => events.push('agentRemove'))
      near.on('error', (error) => events.push(`error ${String(Reflect.get(error, 'code'))}`))
      near.on('close', (hadError) => events.push(`close ${String(hadError)}`))
      follow(agent, near)
      await endBy(endings[name], near, lastOf(peers))
      const next = await ask()
      return [...events, next === near ? 'the same again' : 'another one', `${peers.length} connections`]
    }
    const stock = await heard(() => undefined)
    expect(await heard((_agent, near) => void closureOf(near))).toEqual(stock)
  })

  test.each(Object.keys(endingsBehindData).filter(isEndingBehindData))(
    'a reader that destroys hears the same as without us: %s',
    async (name) => {
      const heard = async (follow: (near: TLSSocket) => void): Promise<readonly string[]> => {
        const { near, peer } = await connectedTo('client', version, 'data')
        const events: string[] = []
        for (const event of ['end', 'finish', 'session']) near.on(event, () => events.push(event))
        near.on('error', (error) => events.push(`error ${String(Reflect.get(error, 'code'))}`))
        near.on('close', (hadError) => events.push(`close ${String(hadError)}`))
        follow(near)
        await endBy(endingsBehindData[name], near, peer)
        return events
      }
      const stock = await heard(() => undefined)
      expect(await heard((near) => void closureOf(near))).toEqual(stock)
    },
  )

  test.each([
    ['on TCP', undefined],
    ['on a Duplex of the program', over],
  ] as const)('the report is there at close, also where it was completed late, %s', async (_name, beneath) => {
    const { near, peer } = await connectedTo('client', version, 'data', beneath)
    const closure = closureOf(near)
    let settled = false
    void closure.report.then(() => {
      settled = true
    })
    const atClose = new Promise<boolean>((resolve) => {
      near.once('close', () => {
        process.nextTick(() => {
          resolve(settled)
        })
      })
    })
    await endBy(endingsBehindData['close_notify and FIN with the data'], near, peer)
    expect(await atClose).toBe(true)
    expect(summary(await closure.report)).toEqual(unreciprocated)
  })
})

/** The peer ends; resolves when our side is gone and the peer has done all. */
async function endBy({ atOnce, later }: Ending, near: TLSSocket, peer: EngineEnd): Promise<void> {
  const closed = new Promise((resolve) => near.once('close', resolve))
  atOnce(peer)
  await closed
  later?.(peer)
  await turns(1)
}

/** A socket of ours whose reader destroys it at the next data, and its peer. */
async function connectedTo(side: 'client' | 'server', version: TlsVersion, reading: Reading, beneath?: Beneath) {
  const versions = { minVersion: version, maxVersion: version } as const
  const { near, peer } =
    side === 'client' ? await clientAndPeer(versions, reading, beneath) : await serverAndPeer(version, versions)
  near.on('error', () => undefined)
  onTestFinished(() => void near.destroy())
  // The client's session tickets of TLS 1.3 have been read, and nobody is inside OpenSSL.
  await peer.until(() => peer.data === '?')
  await turns(2)
  if (reading === 'data') near.on('data', () => void near.destroy())
  if (reading === 'readable') {
    near.on('readable', () => {
      if (near.read() !== null) near.destroy()
    })
  }
  return { near, peer }
}

type Reading = 'data' | 'readable' | 'onread'
/** Makes what TLS stands on. */
type Beneath = (tcp: net.Socket) => Duplex

interface Versions {
  readonly minVersion: TlsVersion
  readonly maxVersion: TlsVersion
}

async function clientAndPeer(versions: Versions, reading: Reading, beneath?: Beneath) {
  const { port, accepted } = await acceptingPeers(versions.minVersion)
  const onread = { buffer: Buffer.alloc(65_536), callback: () => void near.destroy() }
  const place = { port, host: '127.0.0.1' }
  // The types of tls.connect do not know the option.
  const options = { ca, servername: host, ...versions, ...(reading === 'onread' && { onread }) }
  const near: TLSSocket = connect(
    beneath === undefined ? { ...place, ...options } : { socket: beneath(net.connect(place)), ...options },
  )
  await once(near, 'secureConnect')
  near.write('?')
  return { near, peer: await accepted() }
}

async function serverAndPeer(version: TlsVersion, versions: Versions) {
  const server = createServer({ key, cert, ...versions })
  const secured = new Promise<TLSSocket>((resolve) => server.once('secureConnection', resolve))
  const tcp = net.connect({ port: await listen(server), host: '127.0.0.1', allowHalfOpen: true })
  await once(tcp, 'connect')
  const peer = new EngineEnd(tcp, { side: 'client', version })
  const near = await secured
  near.write('?')
  return { near, peer }
}

/** A server of the engine's for as many connections as come. */
async function acceptingPeers(version: TlsVersion) {
  const peers: EngineEnd[] = []
  const server = net.createServer({ allowHalfOpen: true }, (tcp) => {
    peers.push(new EngineEnd(tcp, { side: 'server', version }))
  })
  const port = await listen(server)
  const accepted = async (): Promise<EngineEnd> => {
    while (peers.length === 0) await once(server, 'connection')
    return lastOf(peers)
  }
  return { port, server, peers, accepted }
}

/** An agent that keeps its sockets, and the peers that answer its requests. */
async function agentAndPeers(version: TlsVersion, beneath?: Beneath) {
  const { port, server, peers } = await acceptingPeers(version)
  server.on('connection', () => void answerRequests(lastOf(peers)))
  const agent = new https.Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  const options: ConnectionOptions = { ca, servername: host, minVersion: version, maxVersion: version }
  if (beneath !== undefined) {
    Reflect.set(agent, 'createConnection', () => {
      return connect({ ...options, socket: beneath(net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })) })
    })
  }
  /** Asks, and gives the socket when that is idle. */
  const ask = async (): Promise<TLSSocket> => {
    const idle = new Promise((resolve) => agent.once('free', resolve))
    const request = https.get({ ...options, host: '127.0.0.1', port, agent })
    const socket = new Promise<TLSSocket>((resolve, reject) => {
      request.once('socket', (given) => {
        if (given instanceof TLSSocket) resolve(given)
        else reject(new Error('Expected a TLS socket'))
      })
    })
    const answer = await new Promise<string>((resolve, reject) => {
      request.once('error', reject).once('response', (response) => void text(response).then(resolve, reject))
    })
    expect(answer).toBe('whole')
    await idle
    await turns(1)
    return socket
  }
  return { agent, ask, peers }
}

/** A Duplex that hands on what TCP gives, as it comes. */
function over(tcp: net.Socket): Duplex {
  const duplex = new Duplex({
    allowHalfOpen: false,
    read: () => undefined,
    write: (chunk: Buffer, _encoding, callback) => void tcp.write(chunk, callback),
    final: (callback) => void tcp.end(callback),
    destroy: (error, callback) => {
      tcp.destroy()
      callback(error)
    },
  })
  tcp.on('data', (bytes) => duplex.push(bytes)).on('end', () => duplex.push(null))
  tcp.on('error', () => void duplex.destroy())
  return duplex
}

async function answerRequests(peer: EngineEnd): Promise<void> {
  for (let asked = 1; ; asked++) {
    await peer.until(() => peer.data.split('\r\n\r\n').length > asked)
    // What comes behind its own end is no longer answered.
    if (peer.stream.writableEnded) return
    peer.send(peer.sealed('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole'))
  }
}

function lastOf(peers: readonly EngineEnd[]): EngineEnd {
  const peer = peers.at(-1)
  if (peer === undefined) throw new Error('Expected a connection')
  return peer
}

function isEnding(name: string): name is keyof typeof endings {
  return name in endings
}

function isEndingBehindData(name: string): name is keyof typeof endingsBehindData {
  return name in endingsBehindData
}
