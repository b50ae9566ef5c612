import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { connectAs } from '../../../lib/lab/peers/connect.js'
import { profiles } from '../../../lib/lab/peers/profiles.js'
import { once } from '../../support/streams.js'
import { run, start, type Started, temporaryFolder } from '../run.js'

describe('the command line of serve', () => {
  test('has examples in its help, and each of them is a command line that it takes', async () => {
    const { stdout } = await run('serve', '--help')
    const examples = [...stdout.matchAll(/^ {2}close-notify (serve .*)$/gm)].map(([, line = '']) => line)
    expect(examples.length).toBeGreaterThan(3)
    for (const example of examples) {
      const listed = `${example.replace('ca.pem', path.join(temporaryFolder(), 'ca.pem'))} --list`
      expect(await run(...listed.split(' '))).toMatchObject({ stderr: '', exitCode: 0 })
    }
  })

  test('lists every profile with what it does and where that is documented', async () => {
    const { stdout, exitCode } = await run('serve', '--list')
    for (const { name, does, documented } of profiles) {
      const lines = stdout.split('\n')
      const index = lines.findIndex((line) => line.startsWith(`  ${name} `))
      expect(lines[index]).toContain(does)
      expect(lines[index + 1]).toContain(documented)
    }
    expect(exitCode).toBe(0)
  })

  test.each([
    { args: ['serve'], says: '--profile' },
    { args: ['serve', '--profile', 'nonsense'], says: 'Allowed choices are polite' },
    { args: ['serve', '--profile', 'firefox'], says: 'Allowed choices are polite' },
    { args: ['serve', '--all', '--profile', 'silent'], says: 'cannot be used with' },
    { args: ['serve', '--all', '--port', '70000'], says: '65535' },
    { args: ['serve', '--profile', 'truncates', '--body', '10', '--cut', '11'], says: 'at most the 10 bytes' },
    { args: ['serve', '--profile', 'silent', '--framing', 'none'], says: 'Allowed choices are content-length' },
    { args: ['serve', '--profile', 'silent', '--ca-file', '/absent/ca.pem'], says: 'There is no such folder' },
    { args: ['serve', '--profile', 'silent', '--library', '/absent/libssl.so'], says: 'There is no such file' },
  ])('refuses $args, says why, and serves nothing', async ({ args, says }) => {
    const { exitCode, stdout, stderr } = await run(...args)
    expect(stderr).toContain(says)
    expect(stderr).not.toContain('    at ')
    expect(stdout).toBe('')
    expect(exitCode).toBe(2)
  })
})

describe('serve', () => {
  test('says where it listens, prints each connection, and Ctrl-C ends it with 0 and a table', async () => {
    const caFile = path.join(temporaryFolder(), 'ca.pem')
    const server = start(['serve', '--profile', 'answers', 'silent', '--ca-file', caFile])
    const output = outputOf(server)
    const port = Number((await output.line(/https:\/\/localhost:(\d+)\//))[1])
    await output.line(/Ctrl-C/)
    const options = { port, servername: 'localhost', ca: readFileSync(caFile, 'utf8') }
    expect(await connectAs('firefox', options)).toMatchObject({ handshake: { kind: 'done' } })
    await output.line(/^answers #1 TLSv1\.3: close_notify\+fin/)
    await connectAs('firefox', options)
    await connectAs('chrome', options)
    await output.line(/^answers #3 /)
    server.child.kill('SIGINT')
    const { stdout, ...ended } = await server.ended
    expect(ended).toEqual({ exitCode: 0, stderr: '' })
    const table = stdout.split('\n').slice(-4)
    expect(table[0]).toMatch(/^ {2}profile +clients +closed by +judged$/)
    expect(table[1]).toMatch(/^ {2}answers +3 +close_notify\+fin before ours \(2\), fin$/)
    expect(table[2]).toMatch(/^ {2}silent +0 +no connection$/)
  })

  test('has of a connection that was open at its end a line in the table, and no table where nobody came', async () => {
    const served = start(['serve', '--profile', 'strict'])
    const output = outputOf(served)
    const port = Number((await output.line(/https:\/\/localhost:(\d+)\//))[1])
    await connectAs('chrome', { port })
    await output.line(/^strict #1 /)
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    onTestFinished(() => void socket.destroy())
    await once(socket, 'connect')
    // A connection that is in the system's hands only is none to the program.
    socket.write('?')
    const whole = await connectAs('firefox', { port })
    expect(whole.judgement).toMatchObject({ verdict: 'accepted' })
    await output.line(/^strict #3 /)
    served.child.kill('SIGINT')
    const { stdout } = await served.ended
    expect(stdout).toMatch(
      /^ {2}strict +3 +fin, close_notify\+fin before ours, in the handshake: open +rejected, accepted\n$/m,
    )

    const unused = start(['serve', '--profile', 'strict'])
    await outputOf(unused).line(/Ctrl-C/)
    unused.child.kill('SIGINT')
    expect((await unused.ended).stdout).toMatch(/Ctrl-C ends it\.\n$/)
  })

  test('prints lines of JSON, and ends with connections that are open', async () => {
    const server = start(['serve', '--profile', 'silent', 'drops', '--json', '--body', '100'])
    const output = outputOf(server)
    const [first, second] = [await output.json('listening', 1), await output.json('listening', 2)]
    expect(first).toMatchObject({ profile: 'silent', host: '127.0.0.1' })
    expect(Reflect.get(Object(first), 'ca')).toContain('CERTIFICATE')
    expect(second).toMatchObject({ profile: 'drops' })
    expect(Reflect.get(Object(second), 'url')).toMatch(/^https:\/\/localhost:\d+\/$/)
    await connectAs('chrome', { port: Number(Reflect.get(Object(second), 'port')) })
    expect(await output.json('connection', 1)).toMatchObject({ format: 1, profile: 'drops', other: { closing: 'fin' } })
    const socket = connect(Number(Reflect.get(Object(first), 'port')), '127.0.0.1')
    await once(socket, 'connect')
    socket.resume().on('error', () => {})
    const gone = once(socket, 'close')
    // A connection that is in the system's hands only is none to the program.
    socket.write('?')
    server.child.kill('SIGTERM')
    await gone
    expect(await server.ended).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('plays all profiles on one port by their names', async () => {
    const server = start(['serve', '--sni', '--json'])
    const output = outputOf(server)
    const listening = await output.json('listening', profiles.filter(({ side }) => side === 'server').length)
    const port = Number(Reflect.get(Object(listening), 'port'))
    const entry = await connectAs('waits', { port, servername: 'drops.localhost' })
    expect(entry.other.closing).toBe('fin')
    server.child.kill('SIGINT')
    expect((await server.ended).exitCode).toBe(0)
  })

  test('says why it cannot listen, and fails', async () => {
    const server = start(['serve', '--profile', 'silent', '--json'])
    const port: unknown = Reflect.get(Object(await outputOf(server).json('listening', 1)), 'port')
    const { exitCode, stdout, stderr } = await run('serve', '--profile', 'polite', '--port', String(port))
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toMatch(/^error: listen EADDRINUSE.*\n$/)
  })
})

function outputOf({ child }: Started) {
  let text = ''
  child.stdout?.on('data', (bytes: Buffer) => {
    text += bytes.toString()
  })
  const waitFor = <T>(find: () => T | undefined): Promise<T> =>
    vi.waitFor(
      () => {
        const found = find()
        if (found === undefined) throw new Error(`Not yet in the output: ${text}`)
        return found
      },
      { timeout: 20_000 },
    )
  return {
    line: (pattern: RegExp) => waitFor(() => matchIn(text, pattern)),
    /** The nth line of that kind. */
    json: (kind: string, nth: number): Promise<unknown> =>
      waitFor(() => {
        const lines = text.split('\n').slice(0, -1)
        const values = lines.map((line): unknown => JSON.parse(line))
        return values.filter((value) => Reflect.get(Object(value), 'kind') === kind)[nth - 1]
      }),
  }
}

function matchIn(text: string, pattern: RegExp): RegExpExecArray | undefined {
  for (const line of text.split('\n')) {
    const match = pattern.exec(line)
    if (match !== null) return match
  }
  return undefined
}
