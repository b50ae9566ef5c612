// `close-notify probe` as a user runs it.
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { certificate, otherCertificate } from '../../support/certificate.js'
import { response, scriptedServer, type ScriptedServer } from '../../lab/probe/scripted-server.js'
import { run, start, temporaryFolder } from '../run.js'
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

test('several hosts, as an array, as lines, as CSV and as markdown', async () => {
  const hosts = [politeHost(), rudeHost()]
  const one = [...quick, '--tls', 'TLSv1.3']
  const { stdout: json } = await run('probe', '--json', ...one, ...hosts)
  const results: unknown = JSON.parse(json)
  if (!Array.isArray(results)) throw new Error('Expected an array')
  expect(results.map(checkedResult)).toMatchObject(hosts.map((target) => ({ target })))
  const { stdout: lines } = await run('probe', '--ndjson', ...one, ...hosts)
  for (const line of lines.trim().split('\n')) checkedResult(JSON.parse(line))
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
    expect(second.stderr).toMatch(/0 hosts, 0 of which could not be probed; 4 skipped/)
    expect(polite.connections).toBe(before)
    const [header = '', ...lines] = readFileSync(output, 'utf8').trim().split('\n')
    expect(JSON.parse(header)).toMatchObject({ kind: 'close-notify-probe', settings: { versions: ['TLSv1.3'] } })
    expect(lines).toHaveLength(3)
    for (const line of lines) checkedResult(JSON.parse(line))
    const { exitCode, stderr } = await run(...args.slice(0, -1), 'TLSv1.2')
    expect(exitCode).toBe(2)
    expect(stderr).toContain('versions')
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

test.each([
  [[], 'there is no host to probe'],
  [['--wait', 'soon', 'localhost'], 'whole number'],
  [['https://localhost/'], 'HOST or HOST:PORT'],
  [['--request', 'h2', '--send', 'x', 'localhost'], 'exclude each other'],
  [['--hosts', '/dev/null', 'localhost'], 'not by both'],
  [['--hosts', '/absent/hosts.txt'], 'There is no such file'],
  [['--hosts', '/tmp'], 'It is a folder'],
  [['--expect', '/dev/null', 'localhost'], 'expected results of close-notify probe'],
  [['--cert', '/dev/null', 'localhost'], 'belong together'],
])('refuses %j and says why', async (args, says) => {
  const { exitCode, stdout, stderr } = await run('probe', ...args)
  expect(stderr).toContain(says)
  expect(stderr).not.toContain('    at ')
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
})
