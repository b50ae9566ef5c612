/**
 * Hosts per second of `close-notify probe --hosts`, for one question (what comes of our close_notify), beside what people
 * would write instead: `openssl s_client` in a loop of the shell, and a script in Python. All three hold as many
 * connections at a time, and wait 50 ms behind the handshake. `openssl s_client` tells nothing of the server's answer.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { moduleCommand, startChild } from '../../../support/child.js'
import { sourceFile } from '../../../support/source-file.js'
import type { Program } from '../program.js'
import { addressOf } from './addresses.js'

const concurrency = 200

const description = {
  name: 'probe',
  question:
    'Hosts per second of close-notify probe for one question, beside openssl s_client in a shell loop and Python',
  unit: 'hosts',
  size: 1000,
}

interface Side {
  readonly name: 'close-notify probe' | 'openssl s_client, a shell loop' | 'Python, threads'
  readonly command: (run: Inputs) => readonly [string, ...string[]]
  /** How many hosts were found to answer; undefined where the side cannot tell. */
  readonly answered: (stdout: string) => number | undefined
}

interface Inputs {
  readonly list: string
  readonly hosts: string
  readonly port: number
}

const sides: readonly Side[] = [
  {
    name: 'close-notify probe',
    command: ({ list }) => [
      ...([process.execPath, sourceFile('dist/lib/cli/main.js'), 'probe', '--hosts', list] as const),
      ...['--concurrency', String(concurrency), '--tls', 'TLSv1.3', '--question', 'onCloseNotify', '--wait', '1000'],
    ],
    answered: (stdout) => stdout.split('\n').filter((line) => /"ending":"close_notify(\+fin)?"/.test(line)).length,
  },
  {
    name: 'openssl s_client, a shell loop',
    command: ({ hosts, port }) => [
      ...(['sh', '-c'] as const),
      `xargs -P ${concurrency} -I HOST sh -c 'sleep 0.05 | timeout 5 openssl s_client -connect HOST:${port} -tls1_3 -quiet >/dev/null 2>&1' < ${hosts}`,
    ],
    answered: () => undefined,
  },
  {
    name: 'Python, threads',
    command: ({ hosts, port }) => [
      'python3',
      sourceFile('benchmarks/study/overhead/probing/ask_all.py'),
      ...[hosts, String(port), String(concurrency)],
    ],
    answered: (stdout) => Number(stdout.split(' ')[0]),
  },
]

export const probing: Program = {
  description,
  start: async ({ size }, measurements) => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'close-notify-probing-'))
    const servers = await startChild({
      name: 'servers',
      command: moduleCommand(new URL('./servers-process.js', import.meta.url), [size]),
    })
    const [port = 0] = servers.ports
    const inputs = { list: path.join(folder, 'targets'), hosts: path.join(folder, 'hosts'), port }
    const hosts = Array.from({ length: size }, (_value, index) => addressOf(index))
    await writeFile(inputs.list, hosts.map((host) => `${host}:${port}\n`).join(''))
    await writeFile(inputs.hosts, hosts.map((host) => `${host}\n`).join(''))
    measurements.facts['hosts'] = size
    measurements.facts['connections at a time'] = concurrency
    return {
      step: async (pair) => {
        for (let index = 0; index < sides.length; index += 1) {
          const side = sides[(index + pair) % sides.length]
          if (side === undefined) continue
          const { seconds, stdout, peakKilobytes } = await timed(side.command(inputs))
          const answered = side.answered(stdout)
          if (answered !== undefined && answered !== size) {
            throw new Error(`${side.name} found ${answered} of ${size} hosts to answer`)
          }
          const isOurs = side.name === 'close-notify probe'
          measurements.add(`hosts per second, ${side.name}`, size / seconds, isOurs ? 'at least 200' : undefined)
          if (isOurs) measurements.add('MiB at most, close-notify probe', peakKilobytes / 1024)
        }
        return pair + 1 < 6
      },
      stop: async () => {
        await servers.stop()
        await rm(folder, { recursive: true, force: true })
      },
    }
  },
}

/** Runs a command to its end, starting Node, Python or shells included. */
async function timed([file, ...args]: readonly [string, ...string[]]): Promise<{
  readonly seconds: number
  readonly stdout: string
  readonly peakKilobytes: number
}> {
  const began = performance.now()
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const parts: Buffer[] = []
  child.stdout.on('data', (bytes: Buffer) => parts.push(bytes))
  let peakKilobytes = 0
  const watch = setInterval(() => (peakKilobytes = peakOf(child.pid) ?? peakKilobytes), 50)
  try {
    await new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', resolve)
    })
  } finally {
    clearInterval(watch)
  }
  const seconds = (performance.now() - began) / 1000
  return { seconds, stdout: Buffer.concat(parts).toString(), peakKilobytes }
}

/** VmHWM, the most memory that it has had so far; undefined when it is gone. */
function peakOf(pid: number | undefined): number | undefined {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'utf8')) ?? []
    return kilobytes === undefined ? undefined : Number(kilobytes)
  } catch {
    return undefined
  }
}
