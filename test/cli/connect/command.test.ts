import { describe, expect, onTestFinished, test } from 'vitest'
import { startPeer } from '../../../lib/lab/peers/peer.js'
import { clientProfileNames, type ServerProfileName } from '../../../lib/lab/peers/profiles.js'
import { run } from '../run.js'

async function portOf(profile: ServerProfileName): Promise<number> {
  const peer = await startPeer(profile)
  onTestFinished(() => peer.close())
  return peer.port
}

describe('the command line of connect', () => {
  test('has examples in its help, and each of them is a command line that it takes', async () => {
    const { stdout } = await run('connect', '--help')
    const examples = [...stdout.matchAll(/^ {2}close-notify (connect .*)$/gm)].map(([, line = '']) => line)
    expect(examples.length).toBeGreaterThan(2)
    for (const example of examples) {
      expect(await run(...`${example} --list`.split(' '))).toMatchObject({ stderr: '', exitCode: 0 })
    }
  })

  test('lists the profiles of clients', async () => {
    const { stdout } = await run('connect', '--list')
    const listed = [...stdout.matchAll(/^ {2}([a-z][\w-]+) /gm)].map(([, name]) => name)
    expect(listed).toEqual(clientProfileNames)
  })

  test.each([
    { args: ['connect', 'localhost:1'], says: '--profile' },
    { args: ['connect', '--profile', 'chrome'], says: 'name the server' },
    { args: ['connect', '--profile', 'silent', 'localhost:1'], says: 'Allowed choices are chrome' },
    { args: ['connect', '--profile', 'chrome', 'https://localhost/'], says: 'HOST or HOST:PORT' },
    { args: ['connect', '--profile', 'chrome', '--path', 'x', 'localhost:1'], says: 'path' },
  ])('refuses $args, says why, and connects to nothing', async ({ args, says }) => {
    const { exitCode, stdout, stderr } = await run(...args)
    expect(stderr).toContain(says)
    expect(stderr).not.toContain('    at ')
    expect(stdout).toBe('')
    expect(exitCode).toBe(2)
  })
})

describe('connect', () => {
  test('prints what the client did, what the server did, and what the client makes of it', async () => {
    const { exitCode, stdout, stderr } = await run(
      'connect',
      '--profile',
      'waits',
      `127.0.0.1:${await portOf('answers')}`,
    )
    expect(stdout).toMatch(/^waits to 127\.0\.0\.1:\d+ TLSv1\.3 after [\d.]+ ms/)
    expect(stdout).toMatch(/ms {2}request, \d+ bytes\n.*ms {2}close_notify\n.*ms {2}fin\nThe server: close_notify\+fin/)
    expect(stdout).toMatch(/The client accepted the response: .*\n$/)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  })

  test('prints JSON, and fails where the response was not taken', async () => {
    const target = `127.0.0.1:${await portOf('bare-fin')}`
    const { exitCode, stdout } = await run(
      'connect',
      '--profile',
      'gnutls-strict',
      '--tls',
      'TLSv1.2',
      '--json',
      target,
    )
    expect(JSON.parse(stdout)).toMatchObject({
      profile: 'gnutls-strict',
      handshake: { version: 'TLSv1.2' },
      other: { closing: 'fin' },
      judgement: { verdict: 'rejected' },
    })
    expect(exitCode).toBe(1)
  })

  test('says why there is no connection, and fails', async () => {
    const peer = await startPeer('polite')
    await peer.close()
    const { exitCode, stdout, stderr } = await run('connect', '--profile', 'chrome', `127.0.0.1:${peer.port}`)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toMatch(/^error: .*refused \(ECONNREFUSED\)\n$/)
  })
})
