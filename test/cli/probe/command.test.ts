// `close-notify probe` as a user runs it.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { certificate, otherCertificate } from '../../support/certificate.js'
import { response, scriptedServer, type ScriptedServer } from '../../lab/probe/scripted-server.js'
import { type Ended, run, runOnTerminal, start, temporaryFolder } from '../run.js'
import { checkedResult } from './schema.js'

const quick = ['--wait', '300', '--ca', certificate.certFile, '--ipv4']

/** Answers politely; or sends nothing behind its response, and never answers close_notify. */
const behaviours = {
  polite: async ({ wire, whatComes }) => {
    await whatComes()
    if (wire.seen.bytes > 0) wire.write(response('hello'))
    wire.closeNotify()
    wire.fin()
  },
  rude: async ({ wire, whatComes }) => {
    await whatComes()
    if (wire.seen.bytes > 0) wire.write(Buffer.from('HTTP/1.1 200 OK\r\n\r\nhello'))
    wire.fin()
  },
} satisfies Record<string, Parameters<typeof scriptedServer>[0]>

let polite: ScriptedServer
let rude: ScriptedServer
beforeAll(async () => {
  polite = await scriptedServer(behaviours.polite)
  rude = await scriptedServer(behaviours.rude)
})
afterAll(async () => {
  await polite.close()
  await rude.close()
})

const politeHost = () => `localhost:${polite.port}`
const rudeHost = () => `localhost:${rude.port}`

describe('one host', () => {
  test('is told in text, both versions at once where they are alike', async () => {
    const { exitCode, stdout, stderr } = await run('probe', ...quick, politeHost())
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
    expect(stdout).toContain('TLSv1.2 and TLSv1.3')
    expect(stdout).toMatch(/after a response +close_notify\+fin/)
    expect(stdout).toMatch(/mode 'bidirectional' with waitTimeout 500/)
  })

  test('is told as JSON that keeps to the schema', async () => {
    const { stdout } = await run('probe', '--json', ...quick, politeHost())
    expect(checkedResult(JSON.parse(stdout))).toMatchObject({
      kind: 'probe',
      versions: [
        { version: 'TLSv1.2', answers: { afterResponse: { ending: 'close_notify+fin' } } },
        { version: 'TLSv1.3', answers: { onCloseNotify: { ending: 'close_notify+fin' } } },
      ],
    })
  })

  test('that cannot be probed has a reason and a hint, and exit code 1', async () => {
    const { exitCode, stdout, stderr } = await run('probe', 'no-such-host.invalid')
    expect(stdout).toContain('host-not-found')
    expect(stderr).toBe('')
    expect(exitCode).toBe(1)
    const { stdout: json } = await run('probe', '--json', 'no-such-host.invalid')
    checkedResult(JSON.parse(json))
  })

  test('whose total time is over is told so, with the option that gives more', async () => {
    const silent = await scriptedServer(() => {})
    onTestFinished(() => silent.close())
    const asked = ['--question', 'onCloseNotify', '--ca', certificate.certFile, '--ipv4']
    const { exitCode, stdout } = await run(
      ...['probe', '--wait', '20000', '--total-timeout', '2000', ...asked, `localhost:${silent.port}`],
    )
    expect(stdout).toMatch(/on close_notify, idle +timeout\n +Not observed: timeout: the total time was over\./)
    expect(stdout.replaceAll(/\s+/g, ' ').split('A longer --total-timeout may help.')).toHaveLength(3)
    expect(exitCode).toBe(0)
  })

  test('is compared with an earlier result', async () => {
    const file = path.join(temporaryFolder(), 'before.json')
    const first = await run('probe', '--json', '--output', file, ...quick, '--tls', 'TLSv1.3', politeHost())
    expect(first).toMatchObject({ exitCode: 0, stdout: '' })
    expect(await run('probe', '--expect', file, ...quick, '--tls', 'TLSv1.3', politeHost())).toMatchObject({
      exitCode: 0,
    })
    writeFileSync(file, readFileSync(file, 'utf8').replace('"ending": "close_notify+fin"', '"ending": "fin"'))
    const { exitCode, stdout } = await run('probe', '--expect', file, ...quick, '--tls', 'TLSv1.3', politeHost())
    expect(stdout).toMatch(/TLSv1\.3 afterResponse: expected fin, TCP .*; found close_notify\+fin, TCP/)
    expect(exitCode).toBe(1)
    // What is not asked this time is no difference, and where nothing is left that is said.
    const one = await run('probe', '--expect', file, ...quick, '--question', 'onCloseNotify', '--', politeHost())
    expect(one).toMatchObject({ exitCode: 0, stderr: '' })
    const other = await run('probe', '--expect', file, ...quick, '--tls', 'TLSv1.2', politeHost())
    expect(other).toMatchObject({
      exitCode: 0,
      stderr: `${politeHost()}: nothing to compare with in the file of --expect\n`,
    })
  })
})

test('a server that requires a certificate is shown that of --cert and --key', async () => {
  const required = { verify: 'require', ca: certificate.cert } as const
  const server = await scriptedServer(behaviours.polite, required)
  onTestFinished(() => server.close())
  const asked = ['--question', 'afterResponse', '--tls', 'TLSv1.2', '--json', ...quick, `localhost:${server.port}`]
  const own = await run('probe', '--cert', certificate.certFile, '--key', certificate.keyFile, ...asked)
  expect(own.exitCode).toBe(0)
  expect(checkedResult(JSON.parse(own.stdout))).toMatchObject({
    versions: [{ answers: { afterResponse: { ending: 'close_notify+fin' } } }],
  })
  const none = await run('probe', ...asked)
  expect(none.exitCode).toBe(1)
  expect(checkedResult(JSON.parse(none.stdout))).toMatchObject({
    versions: [{ kind: 'failed', failure: { reason: 'alert:handshake_failure' } }],
  })
  const { keyFile } = otherCertificate
  const mixed = await run('probe', '--cert', certificate.certFile, '--key', keyFile, ...asked)
  expect(mixed).toMatchObject({ exitCode: 2, stdout: '' })
  expect(mixed.stderr).toMatch(/^error: .*SSL_CTX_use_PrivateKey/)
})

test('a host that is named twice is probed once', async () => {
  const before = polite.connections
  const asked = ['--ndjson', '--tls', 'TLSv1.3', '--question', 'onCloseNotify', ...quick]
  const { stdout } = await run('probe', ...asked, politeHost(), politeHost().toUpperCase())
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => targetOf(JSON.parse(line))),
  ).toHaveLength(1)
  expect(polite.connections).toBe(before + 2)
})

test('several hosts, as an array, as lines, as CSV and as markdown', async () => {
  const hosts = [politeHost(), rudeHost()]
  const one = [...quick, '--tls', 'TLSv1.3']
  const { stdout: json } = await run('probe', '--json', ...one, ...hosts)
  const results: unknown = JSON.parse(json)
  if (!Array.isArray(results)) throw new Error('Expected an array')
  expect(results.map(checkedResult)).toMatchObject(hosts.map((target) => ({ target })))
  const { stdout: lines } = await run('probe', '--ndjson', ...one, ...hosts)
  for (const line of lines.trim().split('\n')) checkedResult(JSON.parse(line))
  const file = path.join(temporaryFolder(), 'lines.ndjson')
  expect(await run('probe', '--ndjson', '--output', file, ...one, ...hosts)).toMatchObject({ exitCode: 0, stdout: '' })
  const written = readFileSync(file, 'utf8').trim().split('\n')
  expect(written.map((line) => targetOf(JSON.parse(line))).sort()).toEqual([...hosts].sort())
  const { stdout: csv } = await run('probe', '--csv', ...one, ...hosts)
  const rows = csv.trim().split('\r\n')
  // A head, and five answers of each.
  expect(rows).toHaveLength(11)
  expect(new Set(rows.map((row) => row.split(',').length))).toEqual(new Set([16]))
  const { stdout: table } = await run('probe', '--markdown', ...one, ...hosts)
  expect(table).toMatch(/^\| server \| version \| after a response/)
  expect(table).toContain(`| ${rudeHost()} | TLSv1.3 | fin`)
})

describe('the hosts of a file', () => {
  test('are probed once each, also when it is run again', async () => {
    const folder = temporaryFolder()
    const [list, output] = [path.join(folder, 'hosts.txt'), path.join(folder, 'results.ndjson')]
    writeFileSync(list, `# a list\n${politeHost()}\n${rudeHost()}\n${politeHost()}\nno-such-host.invalid\n`)
    const args = ['probe', '--hosts', list, '--output', output, ...quick, '--tls', 'TLSv1.3']
    const first = await run(...args)
    expect(first.stderr).toMatch(/3 hosts, 1 of which could not be probed; 1 skipped/)
    expect(first).toMatchObject({ exitCode: 1, stdout: '' })
    const before = polite.connections
    const second = await run(...args)
    expect(second.stderr).toMatch(/0 hosts, 0 of which could not be probed; 4 skipped .*; 1 could not be probed before/)
    expect(second.exitCode).toBe(1)
    expect(polite.connections).toBe(before)
    const [header = '', ...lines] = readFileSync(output, 'utf8').trim().split('\n')
    expect(JSON.parse(header)).toMatchObject({ kind: 'close-notify-probe', settings: { versions: ['TLSv1.3'] } })
    expect(lines).toHaveLength(3)
    for (const line of lines) checkedResult(JSON.parse(line))
    const { exitCode, stderr } = await run(...args.slice(0, -1), 'TLSv1.2')
    expect(exitCode).toBe(2)
    expect(stderr).toContain('versions')
  })

  test('are compared with --expect also where an earlier run has probed them', async () => {
    const folder = temporaryFolder()
    const [list, output] = [path.join(folder, 'hosts.txt'), path.join(folder, 'results.ndjson')]
    const file = path.join(folder, 'before.json')
    writeFileSync(list, `${politeHost()}\n${rudeHost()}\n`)
    const asked = ['--question', 'onCloseNotify', '--tls', 'TLSv1.3', ...quick]
    await run('probe', '--json', '--output', file, ...asked, politeHost())
    writeFileSync(file, readFileSync(file, 'utf8').replace('"ending": "close_notify+fin"', '"ending": "fin"'))
    const args = ['probe', '--hosts', list, '--output', output, '--expect', file, ...asked]
    for (const before of [polite.connections + 2, polite.connections + 2]) {
      const { exitCode, stderr } = await run(...args)
      expect(exitCode).toBe(1)
      expect(stderr).toMatch(/TLSv1\.3 onCloseNotify: expected fin, TCP/)
      expect(stderr).toContain(`${rudeHost()}: nothing to compare with`)
      expect(stderr).toContain('1 other than expected')
      expect(polite.connections).toBe(before)
    }
  })

  test('that cannot be read leave no lock behind, on a terminal too', async () => {
    const output = path.join(temporaryFolder(), 'results.ndjson')
    // There it is, and no byte of it can be read.
    const args = ['probe', '--hosts', '/proc/self/mem', '--output', output]
    for (const running of [onTerminal, (words: readonly string[]) => run(...words).then(withTold)]) {
      const { exitCode, told } = await running(args)
      expect(told).toMatch(/^error: EIO[^\n]*\n$/)
      expect(exitCode).toBe(1)
      expect(existsSync(`${output}.lock`)).toBe(false)
    }
  })

  test('may come from a FIFO, on a terminal too', async () => {
    const folder = temporaryFolder()
    const fifo = path.join(folder, 'fifo')
    execFileSync('mkfifo', [fifo])
    const probing = runOnTerminal(100, ['probe', '--hosts', fifo, '--output', path.join(folder, 'results.ndjson')])
    const { ended } = start([`echo no-such-host.invalid > ${fifo}`], ['sh', '-c'])
    expect(await ended).toMatchObject({ exitCode: 0 })
    expect((await probing).stdout).toContain('1 hosts, 1 of which could not be probed')
  })

  test('are not blamed where this machine has no file descriptor left', async () => {
    const silent = await scriptedServer(() => {}, {}, '0.0.0.0')
    onTestFinished(() => silent.close())
    const folder = temporaryFolder()
    const [list, output] = [path.join(folder, 'hosts.txt'), path.join(folder, 'results.ndjson')]
    const hosts = Array.from({ length: 250 }, (_, index) => `127.0.1.${index + 1}:${silent.port}\n`)
    writeFileSync(list, hosts.join(''))
    const asked = ['--hosts', list, '--output', output, '--concurrency', '250', '--wait', '20000']
    const limited = ['prlimit', '--nofile=150', '--', process.execPath, 'dist/lib/cli/main.js', 'probe']
    const { exitCode, stderr } = await start(asked, limited).ended
    expect(stderr).toMatch(/^error: .*no file descriptor left.* \(EMFILE\); a lower --concurrency.*\n$/)
    expect(exitCode).toBe(1)
    expect(readFileSync(output, 'utf8').trim().split('\n')).toHaveLength(1)
    expect(existsSync(`${output}.lock`)).toBe(false)
  })

  test('may be more than a reader of stdout wants', async () => {
    const list = path.join(temporaryFolder(), 'hosts.txt')
    writeFileSync(list, ['a', 'b', 'c', 'd'].map((name) => `${name}.invalid\n`).join(''))
    const { ended } = start([`node dist/lib/cli/main.js probe --hosts ${list} | head -1`], ['sh', '-c'])
    const { stdout, stderr } = await ended
    expect(stdout.trim().split('\n')).toHaveLength(1)
    expect(stderr).toBe('')
  })

  test('come from stdin as well, and go to stdout', async () => {
    const { ended } = start(
      [`echo ${politeHost()} | node dist/lib/cli/main.js probe --hosts - --tls TLSv1.3 ${quick.join(' ')}`],
      ['sh', '-c'],
    )
    const { exitCode, stdout } = await ended
    const [, line = ''] = stdout.trim().split('\n')
    expect(checkedResult(JSON.parse(line))).toMatchObject({ target: politeHost() })
    expect(exitCode).toBe(0)
  })
})

test('Ctrl-C ends it', async () => {
  const silent = createServer({ key: certificate.key, cert: certificate.cert }, () => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a port')
  const connected = new Promise((resolve) => silent.once('secureConnection', resolve))
  const { child, ended } = start(['probe', '--wait', '60000', '--ipv4', `localhost:${address.port}`])
  await connected
  child.kill('SIGINT')
  expect(await ended).toMatchObject({ exitCode: 130, stderr: '' })
  silent.closeAllConnections()
  silent.close()
})

test('an address with a zone is asked in HTTP/2 as well', async () => {
  const { exitCode, stdout, stderr } = await run('probe', '--request', 'h2', '--tls', 'TLSv1.3', '[fe80::1%lo]:1')
  expect(stderr).toBe('')
  expect(stdout).toMatch(/TLSv1\.3 failed at the connection/)
  expect(exitCode).toBe(1)
})

test.each<readonly [readonly string[], string]>([
  [[], 'there is no host to probe'],
  [['--wait', 'soon', 'localhost'], 'whole number'],
  [['https://localhost/'], 'HOST or HOST:PORT'],
  [['--request', 'h2', '--send', 'x', 'localhost'], 'exclude each other'],
  [['--hosts', '/dev/null', 'localhost'], 'not by both'],
  [['--hosts', '/absent/hosts.txt'], 'There is no such file'],
  [['--hosts', '/tmp'], 'It is a folder'],
  ...['--cert', '--key', '--ca', '--send-file', '--expect'].map(
    (option) => [[option, '/tmp', 'localhost'], 'It is a folder'] as const,
  ),
  [['--expect', '/dev/null', 'localhost'], 'expected results of close-notify probe'],
  [['--cert', '/dev/null', 'localhost'], 'belong together'],
  ...['--json', '--csv', '--markdown'].map((option) => [['--hosts', '-', option], 'cannot be used with'] as const),
  [['--hosts', '/dev/null', '--alpn', ''], 'alpn'],
  [['--alpn', 'h2', 'localhost'], 'name one before --alpn'],
  [['--question', 'onFin', 'localhost'], 'hosts stand before it, or behind --.'],
  [['--rate', '5', 'localhost'], '--rate is for --hosts'],
  [['--question', 'idle', '--tls', 'TLSv1.3', 'localhost'], "no 'idle' without the option idle"],
  [['--idle', '100', '--question', 'onFin', '--tls', 'TLSv1.3', 'localhost'], "'idle' among those"],
  [['--path', '/x', '--send', 'x', 'localhost'], 'none where the request is bytes for path'],
])('refuses %j and says why', async (args, says) => {
  const { exitCode, stdout, stderr } = await run('probe', ...args)
  expect(stderr).toContain(says)
  expect(stderr).not.toContain('    at ')
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
})

test.each([
  { what: 'a full disk behind stdout', args: ['probe', '--json', 'no-such-host.invalid'] },
  { what: 'a full disk behind the lines of a list', args: ['probe', '--hosts', '-'] },
])('$what is told in a line', async ({ args }) => {
  const { ended } = start(
    [`echo no-such-host.invalid | node dist/lib/cli/main.js ${args.join(' ')} > /dev/full`],
    ['sh', '-c'],
  )
  const { exitCode, stderr } = await ended
  expect(stderr).toMatch(/^error: ENOSPC[^\n]*\n$/)
  expect(exitCode).toBe(1)
})

test.each(['--ca', '--send-file', '--expect'])('a file of %s that cannot be read is told in a line', async (option) => {
  // There it is, and no byte of it can be read.
  const { exitCode, stdout, stderr } = await run('probe', option, '/proc/self/mem', 'localhost')
  expect(stderr).toMatch(/^error: \/proc\/self\/mem: EIO[^\n]*\n$/)
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
})

function targetOf(result: unknown): unknown {
  const checked = checkedResult(result)
  return Reflect.get(checked, 'target')
}

function withTold({ exitCode, stderr }: Ended): { readonly exitCode: number | null; readonly told: string } {
  return { exitCode, told: stderr }
}

/** What a terminal shows ends its lines in its own way. */
async function onTerminal(args: readonly string[]) {
  const { exitCode, stdout } = await runOnTerminal(100, args)
  return { exitCode, told: stdout.replaceAll('\r\n', '\n') }
}
