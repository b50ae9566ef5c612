// `close-notify probe --starttls ftp --ccc` as a user runs it.
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { ftpServer } from '../../lab/probe/ftp-server.js'
import { certificate } from '../../support/certificate.js'
import { run } from '../run.js'

const schema: unknown = JSON.parse(
  readFileSync(new URL('../../../docs/probe-result.schema.json', import.meta.url), 'utf8'),
)
if (typeof schema !== 'object' || schema === null) throw new Error('Expected a schema')
const isResult = new Ajv({ allErrors: true, strict: true }).compile(schema)

const quick = ['--wait', '300', '--ca', certificate.certFile, '--ipv4', '--tls', 'TLSv1.3', '--question', 'onFin']
const ftp = [...quick, '--starttls', 'ftp', '--ccc']

/** Takes CCC behind any login, and goes on in plaintext. */
async function server(): Promise<string> {
  const port = await ftpServer(async (first, { wire, command, reply, plaintext }) => {
    for (let said: string | undefined = first; said !== 'CCC'; said = await command()) {
      if (said === undefined) return
      reply(said.startsWith('USER') ? '331 and the password?\r\n' : '230 come in\r\n')
    }
    reply('200 as you wish\r\n')
    wire.closeNotify()
    await plaintext()
    wire.raw(Buffer.from('200 here\r\n'))
  })
  return `localhost:${port}`
}

test('CCC is told in text, as JSON that keeps to the schema, as markdown and as CSV', async () => {
  const host = await server()
  const { exitCode, stdout, stderr } = await run('probe', ...ftp, '--login', 'ann:a:secret', host)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toMatch(
    /on CCC +200, close_notify, plaintext\n +It takes CCC, ends TLS with close_notify, and goes on/,
  )

  const { stdout: json } = await run('probe', '--json', ...ftp, '--login', 'ann:a:secret', host)
  const result: unknown = JSON.parse(json)
  expect(isResult(result), JSON.stringify(isResult.errors)).toBe(true)
  expect(result).toMatchObject({ settings: { ccc: 'login' }, versions: [{ ccc: { kind: 'accepted' } }] })
  expect(json).not.toContain('secret')

  const { stdout: markdown } = await run('probe', '--markdown', ...ftp, host)
  expect(markdown).toMatch(/\| on CCC +\| use towards it/)
  expect(markdown).toContain('| 200, close_notify, plaintext |')

  const { stdout: csv } = await run('probe', '--csv', ...ftp, host)
  const rows = csv.trim().split('\r\n')
  expect(new Set(rows.map((row) => row.replaceAll(/"[^"]*"/g, '').split(',').length))).toEqual(new Set([16]))
  expect(rows.at(-1)).toMatch(/,ccc,accepted,,,,-?[\d.]+,.*"200, close_notify, plaintext"$/)
})

test.each([
  [['--ccc'], "Expected starttls 'ftp' with ccc"],
  [['--starttls', 'ftp', '--login', 'ann:secret'], '--login is for --ccc'],
  [['--starttls', 'ftp', '--ccc', '--login', 'ann'], 'Expected USER:PASSWORD'],
])('%j is refused', async (args, message) => {
  const { exitCode, stderr } = await run('probe', ...args, 'localhost:1')
  expect(stderr).toContain(message)
  expect(exitCode).toBe(2)
})
