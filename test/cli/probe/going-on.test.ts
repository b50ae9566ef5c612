// `close-notify probe --hosts FILE --output FILE`, killed or interrupted in the middle and started again. What counts is seen
// at the servers: each connection to each of them.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { createServer, type TLSSocket } from 'node:tls'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { certificate } from '../../support/certificate.js'
import { seededRandom } from '../../support/random.js'
import { start, temporaryFolder } from '../run.js'
import { checkedResult } from './schema.js'

const seed = Number(process.env['CLOSE_NOTIFY_SEED'] ?? Date.now() % 2 ** 31)

/** Targets, kills, and how many are probed at a time. */
const [many, kills, concurrency] = [300, 8, 10]

/** The connections of a probe of one question: for the question, and for the session that it left. */
const perProbe = 2

test(`killed ${kills} times, it has one result of each host in the end (CLOSE_NOTIFY_SEED=${seed})`, async () => {
  const random = seededRandom(seed)
  const hosts = await startHosts(many)
  const { output, begin } = probeOf(hosts)
  const rounds: { readonly kept: ReturnType<typeof wholeLinesOf>; readonly before: ReadonlyMap<string, number> }[] = []
  for (let round = 0; round < kills; round++) {
    const { child, ended } = begin()
    // Some before or while it opens the journal, the others in the middle of their work.
    if (round > 0 && random.next() < 0.25) await sleep(random.integer(0, 300))
    else await hosts.connected(hosts.total + random.integer(1, perProbe * 25))
    child.kill('SIGKILL')
    await ended
    expect(child.signalCode, `round ${round}: it was killed, and had not ended`).toBe('SIGKILL')
    await hosts.settled()
    rounds.push({ kept: wholeLinesOf(output), before: new Map(hosts.connections) })
  }
  const { ended } = begin()
  expect(await ended).toMatchObject({ exitCode: 0, stdout: '' })
  await hosts.settled()

  expectEachOnce(output, hosts.targets)
  const text = readFileSync(output, 'utf8')
  const begun = new Set<string>()
  for (const [round, { kept, before }] of rounds.entries()) {
    expect(text.startsWith(kept.text), `what round ${round} has written is there`).toBe(true)
    const twice = kept.targets.filter((target) => hosts.connections.get(target) !== before.get(target))
    expect(twice, `of the results of round ${round} no host was probed again`).toEqual([])
    for (const target of before.keys()) if (!kept.targets.includes(target)) begun.add(target)
  }
  // Those that were under way at a kill, and no others.
  const repeated = hosts.targets.filter((target) => (hosts.connections.get(target) ?? 0) > perProbe)
  expect(repeated.filter((target) => !begun.has(target))).toEqual([])
  expect(begun.size).toBeLessThanOrEqual(kills * concurrency)
  expect(hosts.total).toBeLessThanOrEqual(perProbe * (many + kills * concurrency))
})

test('interrupted by Ctrl-C, it ends with 130 and whole lines, and goes on where it was', async () => {
  const hosts = await startHosts(100)
  const { output, begin } = probeOf(hosts)
  const { child, ended } = begin()
  await hosts.connected(50)
  child.kill('SIGINT')
  expect(await ended).toMatchObject({ exitCode: 130, stdout: '', stderr: '' })
  await hosts.settled()
  const text = readFileSync(output, 'utf8')
  const kept = wholeLinesOf(output)
  expect(kept.text).toBe(text)
  expect(kept.targets.length).toBeLessThan(100)
  const before = new Map(hosts.connections)

  const second = await begin().ended
  expect(second).toMatchObject({ exitCode: 0, stdout: '' })
  expect(second.stderr).toContain(`${100 - kept.targets.length} hosts, 0 of which could not be probed`)
  if (kept.targets.length > 0) expect(second.stderr).toContain(`${kept.targets.length} skipped that had a result`)
  expect(readFileSync(output, 'utf8').startsWith(text)).toBe(true)
  expectEachOnce(output, hosts.targets)
  expect(kept.targets.filter((target) => hosts.connections.get(target) !== before.get(target))).toEqual([])
})

interface Hosts {
  readonly targets: readonly string[]
  /** Of each target, so far. */
  readonly connections: ReadonlyMap<string, number>
  readonly total: number
  /** Resolves when there were so many connections. */
  connected(count: number): Promise<void>
  /** Resolves when every connection of a program that has ended is counted and has ended too. */
  settled(): Promise<void>
}

/** Servers, each on a loopback address of its own, for two probes of one host never are under way at a time. */
async function startHosts(count: number): Promise<Hosts> {
  const open = new Set<TLSSocket>()
  const connections = new Map<string, number>()
  const waiting = new Set<() => void>()
  let total = 0
  const options = { key: certificate.key, cert: certificate.cert }
  const servers = Array.from({ length: count }, () => createServer(options, (socket) => socket.resume()))
  const listening = servers.map(async (server, index) => {
    const host = `127.1.${Math.floor(index / 200)}.${1 + (index % 200)}`
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port: 0 }, resolve)
    })
    const target = `${host}:${portOf(server.address())}`
    server.on('connection', (socket: TLSSocket) => {
      connections.set(target, (connections.get(target) ?? 0) + 1)
      total += 1
      open.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => {
        open.delete(socket)
        tell()
      })
      tell()
    })
    server.on('secureConnection', (socket) => socket.on('error', () => {}))
    server.on('tlsClientError', (_error, socket) => void socket.destroy())
    return target
  })
  const tell = (): void => {
    for (const resolve of waiting) resolve()
  }
  const until = async (isMet: () => boolean): Promise<void> => {
    while (!isMet()) {
      await new Promise<void>((resolve) => {
        waiting.add(resolve)
        setTimeout(resolve, 50)
      })
      waiting.clear()
    }
  }
  onTestFinished(async () => {
    for (const socket of open) socket.destroy()
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  })
  const targets = await Promise.all(listening)
  return {
    targets,
    connections,
    get total() {
      return total
    },
    connected: (wanted) => until(() => total >= wanted),
    async settled() {
      // What the system has accepted for us is handed over in the next turns.
      for (let each = 0; each < 4; each++) await turn()
      await until(() => open.size === 0)
    },
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  return address.port
}

function probeOf({ targets }: Hosts) {
  const folder = temporaryFolder()
  const [list, output] = [path.join(folder, 'hosts.txt'), path.join(folder, 'results.ndjson')]
  writeFileSync(list, targets.map((target) => `${target}\n`).join(''))
  const asked = ['--question', 'onCloseNotify', '--tls', 'TLSv1.3', '--ca', certificate.certFile]
  const args = ['probe', '--hosts', list, '--output', output, '--concurrency', String(concurrency), ...asked]
  return { output, begin: () => start(args) }
}

/** Of a journal whose last line may be torn. */
function wholeLinesOf(journal: string) {
  const written = existsSync(journal) ? readFileSync(journal, 'utf8') : ''
  const text = written.slice(0, written.lastIndexOf('\n') + 1)
  const [, ...lines] = text.split('\n')
  return { text, targets: lines.filter((line) => line !== '').map(targetOf) }
}

function expectEachOnce(journal: string, targets: readonly string[]): void {
  const text = readFileSync(journal, 'utf8')
  expect(text.endsWith('\n')).toBe(true)
  const [header = '', ...lines] = text.trimEnd().split('\n')
  expect(JSON.parse(header)).toMatchObject({ kind: 'close-notify-probe' })
  expect(lines.map(targetOf).sort()).toEqual([...targets].sort())
  for (const line of lines) {
    expect(JSON.parse(line)).toMatchObject({ versions: [{ kind: 'probed', answers: { onCloseNotify: {} } }] })
  }
}

function targetOf(line: string): string {
  const result = checkedResult(JSON.parse(line))
  const target: unknown = Reflect.get(result, 'target')
  return String(target)
}
