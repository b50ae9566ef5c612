import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startPeer } from '../../../lib/lab/peers/peer.js'
import { clientProfileNames } from '../../../lib/lab/peers/profiles.js'
import { tlsVersions } from '../../../lib/tls/versions.js'
import { textWith } from '../../lab/campaign/support.js'
import { isAlive } from '../../support/processes.js'
import { descendantsOf, run, start, temporaryFolder } from '../run.js'
import { parsedJunit } from './junit.js'

const programOfOurs = (name: string) => fileURLToPath(new URL(`../../lab/assess/programs/${name}.mjs`, import.meta.url))
const lenient = ['--', process.execPath, programOfOurs('lenient-client'), '{port}', '{ca}']
const waiting = ['--', process.execPath, programOfOurs('waiting-client'), '{port}', '{ca}']

describe('the command line of assess', () => {
  test('has examples in its help', async () => {
    const { stdout, exitCode } = await run('assess', '--help')
    expect([...stdout.matchAll(/^ {2}close-notify assess .*$/gm)].length).toBeGreaterThan(3)
    expect(exitCode).toBe(0)
  })

  test.each([
    { args: ['assess'], says: 'name a command' },
    { args: ['assess', '--', 'true'], says: '{url} or {port}' },
    { args: ['assess', '--server', 'localhost:1', '--', 'true', '{url}'], says: 'exclude each other' },
    { args: ['assess', '--profiles', 'firefox', '--', 'true', '{url}'], says: 'Allowed choices are polite' },
    { args: ['assess', '--body', '10', '--', 'true', '{url}'], says: '64' },
    {
      args: ['assess', '--body', '100', '--content', 'package.json', '--', 'true', '{url}'],
      says: 'cannot be used with',
    },
    { args: ['assess', '--server', 'localhost', '--content', 'package.json'], says: 'cannot be used with' },
    { args: ['assess', '--junit', '/absent/file.xml', '--', 'true', '{url}'], says: 'There is no such folder' },
    { args: ['assess', '--server', 'https://localhost/'], says: 'HOST or HOST:PORT' },
    { args: ['assess', '--tls', 'TLSv1.1', '--', 'true', '{url}'], says: 'Allowed choices are TLSv1.2, TLSv1.3' },
    {
      args: ['assess', '--tls', 'TLSv1.2', '--profiles', 'unread-tickets', '--', 'true', '{url}'],
      says: 'TLSv1.3, which unread-tickets is for',
    },
    { args: ['assess', '--server', 'localhost', '--profiles', 'silent'], says: 'cannot be used with' },
  ])('refuses $args, says why, and runs nothing', async ({ args, says }) => {
    const { exitCode, stdout, stderr } = await run(...args)
    expect(stderr).toContain(says)
    expect(stderr).not.toContain('    at ')
    expect(stdout).toBe('')
    expect(exitCode).toBe(2)
  })
})

describe('assess', () => {
  test('prints a line for each run and a verdict, fails for accepted truncations, and writes JUnit XML', async () => {
    const junit = path.join(temporaryFolder(), 'closing.xml')
    const args = ['assess', '--profiles', 'answers', 'truncates', '--junit', junit]
    const { exitCode, stdout, stderr } = await run(...args, ...lenient)
    expect(stdout).toMatch(
      /^ {2}answers +content-length +whole +0 +whole +\d+ +close_notify\+fin after ours +accepted$/m,
    )
    expect(stdout).toMatch(/^ {2}truncates +close +cut at 10000 +0 +10000 +\d+ .* truncation accepted$/m)
    expect(stdout).toContain('Truncations accepted: content-length 3 of 3, chunked 3 of 3, close 3 of 3\nHung: never\n')
    expect(stdout).toMatch(/Verdict: failed\n$/)
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' })
    const { suite, cases } = parsedJunit(junit)
    expect(suite).toMatchObject({ name: textWith('close-notify assess -- '), tests: '11', failures: '9' })
    expect(cases).toHaveLength(11)
    const facts = 'truncation accepted: exit 0, 10000 bytes of the body printed'
    expect(cases).toContainEqual({ name: 'truncates, close, cut at 10000', facts, failure: 'truncation accepted' })
  })

  test('passes what accepts no truncation, and prints JSON', async () => {
    const { exitCode, stdout } = await run('assess', '--profiles', 'answers', 'drops', '--json', ...lenient)
    expect(JSON.parse(stdout)).toMatchObject({
      format: 1,
      kind: 'assessment',
      runs: [{ profile: 'answers' }, { profile: 'drops' }],
      summary: { verdict: 'passed' },
    })
    expect(exitCode).toBe(0)
  })

  test('offers one version of TLS alone where that is asked for', async () => {
    const args = ['assess', '--tls', 'TLSv1.2', '--profiles', 'answers', '--json']
    const { exitCode, stdout } = await run(...args, ...lenient)
    expect(JSON.parse(stdout)).toMatchObject({
      settings: { versions: ['TLSv1.2'] },
      runs: [{ connections: [{ handshake: { kind: 'done', version: 'TLSv1.2' } }] }],
    })
    expect(exitCode).toBe(0)
  })

  test('says of a command that fails in any case why, and fails', async () => {
    const { exitCode, stdout } = await run(
      'assess',
      '--profiles',
      'drops',
      '--',
      'sh',
      '-c',
      'echo my reason {port} >&2; false',
    )
    expect(stdout).toMatch(/Nothing can be said: .*\n.*\nmy reason \d+\n$/)
    expect(exitCode).toBe(1)
  })

  test('says that there is no such program, and fails', async () => {
    const { exitCode, stdout, stderr } = await run('assess', '--', '/absent/program', '{url}')
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toMatch(/^error: .*\/absent\/program ENOENT\n$/)
  })

  test('kills what runs when it is interrupted', async () => {
    const { child, ended } = start(['assess', '--profiles', 'silent', ...waiting])
    const pid = child.pid ?? expect.fail()
    // The control run is over in a moment; the second hangs.
    const hanging = await vi.waitFor(
      () => {
        const [found] = descendantsOf(pid)
        if (found === undefined) throw new Error('Nothing runs')
        return found
      },
      { timeout: 20_000 },
    )
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ exitCode: 130, stdout: '' })
    await vi.waitFor(() => expect(isAlive(hanging)).toBe(false))
  })

  test('assesses a server by every profile of a client, and writes JUnit XML', async () => {
    const peer = await startPeer('answers')
    onTestFinished(() => peer.close())
    const junit = path.join(temporaryFolder(), 'closing.xml')
    const server = `127.0.0.1:${peer.port}`
    const { exitCode, stdout } = await run('assess', '--server', server, '--junit', junit)
    for (const client of clientProfileNames) {
      expect(stdout).toMatch(new RegExp(`^ {2}${client} +TLSv1\\.2 +close_notify`, 'm'))
      expect(stdout).toMatch(new RegExp(`^ {2}${client} +TLSv1\\.3 +close_notify`, 'm'))
    }
    expect(exitCode).toBe(0)
    const { suite, cases } = parsedJunit(junit)
    expect(suite).toMatchObject({ name: `close-notify assess --server ${server}`, tests: '14', failures: '0' })
    const names = tlsVersions.flatMap((version) => clientProfileNames.map((client) => `${client}, ${version}`))
    expect(cases.map(({ name }) => name)).toEqual(names)
    expect(cases.every(({ facts }) => facts.startsWith('close_notify+fin, close_notify '))).toBe(true)
    expect(cases.find(({ name }) => name === 'gnutls-strict, TLSv1.3')?.facts).toContain('; accepted: ')
  })

  test('fails where a server has no such version of TLS, also in JUnit XML', async () => {
    const peer = await startPeer('answers', { versions: ['TLSv1.2'] })
    onTestFinished(() => peer.close())
    const junit = path.join(temporaryFolder(), 'closing.xml')
    const { exitCode } = await run('assess', '--server', `127.0.0.1:${peer.port}`, '--junit', junit)
    expect(exitCode).toBe(1)
    const { suite, cases } = parsedJunit(junit)
    expect(suite).toMatchObject({ tests: '14', failures: '7' })
    const failed = cases.filter(({ failure }) => failure !== undefined)
    expect(failed.map(({ name }) => name)).toEqual(clientProfileNames.map((client) => `${client}, TLSv1.3`))
    expect(new Set(failed.map(({ facts, failure }) => `${failure}; ${facts}`))).toEqual(
      new Set(['no handshake; no handshake: alert:protocol_version']),
    )
  })
})
