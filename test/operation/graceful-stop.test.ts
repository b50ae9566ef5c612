/** The program of docs/operation.md that stops gracefully, as a process under load that gets SIGTERM. */
import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import tls from 'node:tls'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { certificate } from '../support/certificate.js'
import { freePort } from '../support/free-port.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const size = 100_000

test('a server under load that gets SIGTERM is unready first, answers what is under way, waits its time, and exits with 0', async () => {
  const [port, healthPort] = [await freePort(), await freePort()]
  const { child, output } = start(programOf('graceful-stop', port, healthPort))
  await until(() => output().includes('ready'))
  const load = new Load(port)
  const watch = watchReadiness(healthPort, load)
  const quick = Array.from({ length: 8 }, () => load.requestWhileReady('/'))
  const slow = Array.from({ length: 3 }, () => load.requestWhileReady('/slow'))
  // They keep their side open when the server closes its own.
  const silent = Array.from({ length: 3 }, () => load.requestWithoutAnswering())
  await until(() => load.whole > 10)
  child.kill('SIGTERM')
  await until(() => !load.isReady)
  // From somebody who has not heard of it yet.
  await load.request('/', new https.Agent())
  await load.request('/slow', new https.Agent())
  const whole = await Promise.all([...quick, ...slow, ...silent])
  expect(whole.every((count) => count > 0)).toBe(true)
  const exit = await exitOf(child)
  expect({ cut: load.cut, exit, said: output() }).toEqual({
    cut: [],
    exit: { code: 0, signal: null },
    said: 'ready\ndrained 0 open, true\n',
  })
  expect(await watch).toEqual([200, 503, 'refused'])
})

class Load {
  isReady = true
  /** Responses that came in full. */
  whole = 0
  /** What was not. */
  readonly cut: string[] = []
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  /** One after the other on kept connections, until the server is unready; returns how many. */
  async requestWhileReady(url: string): Promise<number> {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
    let count = 0
    while (this.isReady) {
      await this.request(url, agent)
      count++
    }
    agent.destroy()
    return count
  }

  async request(url: string, agent: https.Agent): Promise<void> {
    try {
      const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
        const options = { port: this.#port, host: '127.0.0.1', path: url, ca: certificate.cert, agent }
        https.get({ ...options, servername: 'localhost' }, resolve).on('error', reject)
      })
      let length = 0
      for await (const chunk of response) length += Buffer.byteLength(String(chunk))
      this.#came(url, length)
    } catch (error) {
      this.cut.push(`${url}: ${String(error)}`)
    }
  }

  async requestWithoutAnswering(): Promise<number> {
    const options = { port: this.#port, host: '127.0.0.1', servername: 'localhost', ca: certificate.cert }
    const socket = tls.connect({ ...options, ...{ allowHalfOpen: true } })
    onTestFinished(() => void socket.destroy())
    let text = ''
    socket.on('data', (data) => {
      text += String(data)
    })
    socket.on('error', (error) => this.cut.push(`silent: ${String(error)}`))
    while (this.isReady) await delay(10)
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    // The close_notify of the server.
    await new Promise((resolve) => socket.once('end', resolve))
    this.#came('silent', text.length - text.indexOf('\r\n\r\n') - 4)
    return 1
  }

  #came(what: string, length: number): void {
    if (length === size) this.whole++
    else this.cut.push(`${what}: ${length} bytes`)
  }
}

/** What the readiness probe has seen, in order, until nobody listens there any more. */
async function watchReadiness(port: number, load: Load): Promise<readonly (number | 'refused' | undefined)[]> {
  const seen: (number | 'refused' | undefined)[] = []
  while (seen.at(-1) !== 'refused') {
    const now = await new Promise<number | 'refused' | undefined>((resolve) => {
      http
        .get({ port, host: '127.0.0.1', agent: false }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        .on('error', () => resolve('refused'))
    })
    if (seen.at(-1) !== now) seen.push(now)
    load.isReady = now === 200
    await delay(10)
  }
  return seen
}

/** The program on the page, with ports that are free. */
function programOf(name: string, port: number, healthPort: number): string {
  const page = readFileSync(path.join(root, 'docs/operation.md'), 'utf8')
  const code = new RegExp(`^\`\`\`js program=${name}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page)?.[1]
  if (code === undefined) throw new Error(`expected a program ${name} on the page`)
  return code.replaceAll('8443', String(port)).replaceAll('8080', String(healthPort))
}

function start(code: string): { readonly child: ChildProcess; readonly output: () => string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'close-notify-operation-'))
  writeFileSync(path.join(folder, 'program.mjs'), code)
  mkdirSync(path.join(folder, 'node_modules'))
  symlinkSync(root, path.join(folder, 'node_modules/close-notify'))
  copyFileSync(certificate.keyFile, path.join(folder, 'key.pem'))
  copyFileSync(certificate.certFile, path.join(folder, 'cert.pem'))
  const child = spawn(process.execPath, ['program.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  })
  let output = ''
  const add = (data: Buffer) => {
    output += String(data)
  }
  child.stdout.on('data', add)
  child.stderr.on('data', add)
  return { child, output: () => output }
}

function exitOf(child: ChildProcess): Promise<{ readonly code: number | null; readonly signal: string | null }> {
  if (child.exitCode !== null) return Promise.resolve({ code: child.exitCode, signal: child.signalCode })
  return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })))
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(5)
}
