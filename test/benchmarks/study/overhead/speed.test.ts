/** The programs of benchmarks/study/overhead run, end, and say what they measured. No figure of theirs is judged here. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Result } from '../../../../benchmarks/study/overhead/program.js'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const program = path.join(root, 'dist/benchmarks/study/overhead/bench.js')
const run = promisify(execFile)
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'speed-'))
})

afterAll(() => rm(folder, { recursive: true }))

test.each<{ name: string; size: number; pairs?: number; rows: string[] }>([
  {
    name: 'load',
    size: 40,
    rows: ['rate, with / without', 'rate, A/A', 'server CPU, with / without', 'server CPU, A/A'],
  },
  { name: 'lookup', size: 100, rows: ['100 connections / 10', '100 unfinished handshakes / 10 connections', 'A/A'] },
  {
    name: 'close-latency',
    size: 2,
    pairs: 2,
    rows: ['close - echo, RTT 10', 'echo - echo (A/A), RTT 50', 'echo, RTT 50'],
  },
  { name: 'shutdown-latency', size: 8, rows: ['unidirectional - end()', 'quiet - end()', 'end() - end() (A/A)'] },
  {
    name: 'policy-load',
    size: 40,
    rows: ['rate, policy / stock', 'rate, A/A', 'server CPU, policy / stock', 'connections per second, stock'],
  },
  { name: 'policy-load-listener', size: 20, rows: ['server CPU, listened / stock', 'server CPU, A/A'] },
  { name: 'policy-load-bidirectional', size: 20, rows: ['server CPU, bidirectional / stock', 'server CPU, A/A'] },
  {
    name: 'policy-keep-alive',
    size: 200,
    rows: ['rate, policy / stock', 'rate, A/A', 'server CPU, policy / stock', 'requests per second, stock'],
  },
  { name: 'policy-keep-alive-strict', size: 100, rows: ['server CPU, strict / stock', 'server CPU, A/A'] },
  { name: 'policy-agent', size: 100, rows: ['client CPU, policy / stock', 'client CPU, A/A'] },
  {
    name: 'policy-agent-strict',
    size: 100,
    rows: ['client CPU, strict / stock', 'us of client CPU per request, stock'],
  },
  {
    name: 'policy-http2',
    size: 4,
    rows: ['server CPU, policy / stock', 'server CPU, A/A', 'client CPU, policy / stock', 'client CPU, A/A'],
  },
  {
    name: 'policy-memory',
    size: 100,
    rows: ['heap, after the handshake, policy - stock', 'heap, after a request, A/A', 'RSS, after a request, stock'],
  },
  {
    name: 'policy-profile',
    size: 40,
    rows: ['CPU time of the server, policy / stock', 'ours, policy', 'gc, policy - stock', 'gc, A/A', 'outside, stock'],
  },
  { name: 'policy-profile-listener', size: 20, rows: ['ours, listened'] },
  { name: 'policy-profile-bidirectional', size: 20, rows: ['ours, bidirectional'] },
  { name: 'policy-allocations', size: 40, rows: ['all, policy', 'all, stock', 'all, A/A', 'ours, policy'] },
  { name: 'policy-allocations-listener', size: 20, rows: ['ours, listened'] },
  { name: 'policy-allocations-bidirectional', size: 20, rows: ['ours, bidirectional'] },
  {
    name: 'ten-thousand',
    size: 50,
    rows: [
      'time to close all, policy / by hand',
      'time to close all, by hand, A/A',
      'longest stall of the event loop, policy / by hand',
      'longest stall of the event loop, by hand, A/A',
      'time to close all, (policy - budget) / stock',
      'time to close all, A/A',
      'longest stall of the event loop, policy / stock',
      'longest stall of the event loop, A/A',
    ],
  },
  { name: 'stream-bulk', size: 8, rows: ['throughput, stream / node:tls', 'throughput, stream / node:tls, A/A'] },
  { name: 'stream-handshakes', size: 20, rows: ['handshakes per second, stream / node:tls', 'ms, stream'] },
  { name: 'stream-ping-pong', size: 100, rows: ['round trips per second, stream / node:tls', 'ms, node:tls'] },
  {
    name: 'stream-memory',
    size: 20,
    rows: [
      'RSS per connection of a client, stream / node:tls',
      'RSS per connection of a server, stream / node:tls, A/A',
    ],
  },
  { name: 'stream-closings', size: 20, rows: ["time to close all, stream / node:tls's end()", 'ms, stream'] },
  { name: 'memory', size: 2000, rows: ['with - without', 'without - without (A/A)', 'growth per SSL, without'] },
])('$name writes its rows, each with its values and their summary', async ({ name, size, pairs = 1, rows }) => {
  const file = path.join(folder, `${name}.json`)
  const args = [program, name, '--pairs', String(pairs), '--size', String(size), '--json', file]
  const { stdout } = await run(process.execPath, args, { cwd: root })
  const result = await resultIn(file)

  expect(result).toMatchObject({ benchmark: name, outcome: 'complete' })
  expect(result.versions).toMatchObject({ node: process.version, openssl: process.versions.openssl })
  expect(result.rows.map((row) => row.name)).toEqual(expect.arrayContaining(rows))
  for (const row of result.rows) {
    expect(row.values.length).toBeGreaterThan(0)
    for (const value of row.values) expect(Number.isFinite(value)).toBe(true)
    expect(row.summary).toMatchObject({ count: row.values.length, min: Math.min(...row.values) })
    expect(stdout).toContain(row.name)
  }
})

test('a RTT is in the echo of its relay, a connection costs time, an SSL costs memory, closureOf() costs microseconds', async () => {
  const value = async (name: string, row: string) => {
    const result = await resultIn(path.join(folder, `${name}.json`))
    return result.rows.find((candidate) => candidate.name === row)?.summary?.median
  }
  // Two timers are on the way, and each may fire up to 1 ms early.
  expect(await value('close-latency', 'echo, RTT 50')).toBeGreaterThan(48)
  expect(await value('load', 'connections per second, with')).toBeGreaterThan(0)
  expect(await value('memory', 'growth per SSL, without')).toBeGreaterThan(1000)
  expect(await value('lookup', 'microseconds, few')).toBeGreaterThan(0)
  const { facts } = await resultIn(path.join(folder, 'memory.json'))
  const bytes = facts['bytes per SSL by sizeof (target: at most 512)']
  expect(bytes).toBeGreaterThan(0)
  expect(bytes).toBeLessThanOrEqual(512)
})

test('a policy waits for silent peers as long as its budget, and so does stock Node by hand; its destroy() does not', async () => {
  const { rows } = await resultIn(path.join(folder, 'ten-thousand.json'))
  const values = (name: string) => rows.find((row) => row.name === name)?.values ?? []
  const policy = values('ms to close all, policy')
  const stock = values('ms to close all, stock')
  const ratios = values('time to close all, (policy - budget) / stock')
  // A timer may fire up to 1 ms early.
  expect(Math.min(...policy)).toBeGreaterThan(999)
  expect(Math.min(...values('ms to close all, by hand'))).toBeGreaterThan(999)
  expect(Math.min(...stock)).toBeGreaterThan(0)
  for (const [at, ratio] of ratios.entries()) {
    expect(ratio).toBeCloseTo(((policy[at] ?? Number.NaN) - 1000) / (stock[at] ?? Number.NaN))
  }
  for (const stall of values('ms of the longest stall, stock')) expect(stall).toBeGreaterThan(0)
})

test('work per second is what the ratios are made of', async () => {
  for (const [name, work] of [
    ['policy-load', 'connections'],
    ['policy-keep-alive', 'requests'],
  ] as const) {
    const { rows } = await resultIn(path.join(folder, `${name}.json`))
    const values = (row: string) => rows.find((candidate) => candidate.name === row)?.values ?? []
    const [policy = Number.NaN] = values(`${work} per second, policy`)
    const [stock = Number.NaN] = values(`${work} per second, stock`)
    expect(values('rate, policy / stock')[0]).toBeCloseTo(policy / stock)
  }
})

test('a profile of perf has its rows, or the machine is said to have none', async () => {
  const file = path.join(folder, 'policy-perf.json')
  const args = [program, 'policy-perf', '--pairs', '1', '--size', '20', '--json', file]
  const failed = await run(process.execPath, args, { cwd: root }).catch((error: unknown) => error)
  if (failed instanceof Error) {
    const message: unknown = expect.stringMatching(/^error: This profile needs Linux' perf: \w+/)
    expect(failed).toMatchObject({ code: 1, stderr: message })
    return
  }
  const { rows } = await resultIn(file)
  const median = (name: string) => rows.find((row) => row.name === name)?.summary?.median
  // So few connections may leave no sample in our own code.
  expect(median('all, policy')).toBeGreaterThan(0)
  expect(median('all, stock')).toBeGreaterThan(0)
  expect(median('ours, stock')).toBe(0)
})

test('too few file descriptors are told before anything is started, with what to do', async () => {
  const limited = ['-c', 'ulimit -n 400 && exec "$0" "$@"', process.execPath, program, 'ten-thousand', '--size', '301']
  const ended = run('/bin/sh', limited, { cwd: root })
  const message: unknown = expect.stringMatching(
    /^error: 301 connections need 401 .*`ulimit -n 401`.* at most 300\.\n$/,
  )
  await expect(ended).rejects.toMatchObject({ code: 1, stdout: '', stderr: message })
})

test('--help lists every program with its question', async () => {
  const { stdout } = await run(process.execPath, [program, '--help'])
  const [, names = ''] = /^Usage: npm run bench -- (\S+) /.exec(stdout) ?? []
  const listed = [...stdout.matchAll(/^ {2}(\S+) +[A-Z].{20,}$/gm)].map(([, name]) => name)
  expect(listed).toEqual(names.split('|'))
  expect(listed.length).toBeGreaterThan(5)
})

test('an unknown name says which ones there are', async () => {
  const ended = run(process.execPath, [program, 'nonsense'])
  await expect(ended).rejects.toThrow(/load\|lookup\|close-latency\|memory/)
})

async function resultIn(file: string): Promise<Result> {
  const value: unknown = JSON.parse(await readFile(file, 'utf8'))
  if (!isResult(value)) throw new Error(`Expected a result in ${file}`)
  return value
}

function isResult(value: unknown): value is Result {
  return typeof value === 'object' && value !== null && 'rows' in value && 'facts' in value && 'versions' in value
}
