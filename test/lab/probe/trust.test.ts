/** Whether a certificate is trusted: for the host that was asked for, and by what Node trusts. */
import { spawn } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import { makeCredentials } from '../../../lib/lab/credentials.js'
import { probe } from '../../../lib/lab/probe/probe.js'
import { certificate } from '../../support/certificate.js'
import { type ScriptedOptions, scriptedServer } from './scripted-server.js'

const one = { family: 4, wait: 300, versions: ['TLSv1.3'], questions: ['onCloseNotify'] } as const

test('an address is trusted where the certificate has it, and in no other case', async () => {
  // For 127.0.0.1, not for 127.0.0.2.
  const { key, cert } = await makeCredentials({ host: 'localhost', ca: true })
  const server = await politeServer({ key, cert }, '0.0.0.0')
  const certificateAt = async (host: string) => {
    const { versions } = await probe(`${host}:${server.port}`, { ...one, ca: cert })
    return versions[0]?.kind === 'probed' ? versions[0].certificate : versions[0]
  }
  expect(await certificateAt('127.0.0.1')).toEqual({ trusted: true })
  expect(await certificateAt('localhost')).toEqual({ trusted: true })
  expect(await certificateAt('127.0.0.2')).toEqual({ trusted: false, reason: 'IP address mismatch' })
  const { versions } = await probe(`127.0.0.1:${server.port}`, { ...one, ca: cert, servername: 'other.test' })
  expect(versions).toMatchObject([{ certificate: { trusted: false } }])
})

test.each([
  { what: 'with NODE_EXTRA_CA_CERTS', extra: certificate.certFile, trusted: true },
  { what: 'without', extra: '', trusted: false },
])('what Node trusts is trusted: $what', async ({ extra, trusted }) => {
  const server = await politeServer({})
  const args = ['dist/lib/cli/main.js', 'probe', '--json', '--ipv4', '--tls', 'TLSv1.3', '--question', 'onCloseNotify']
  const child = spawn(process.execPath, [...args, '--wait', '300', `localhost:${server.port}`], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: extra },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  await new Promise((resolve) => child.once('close', resolve))
  expect(JSON.parse(stdout)).toMatchObject({ versions: [{ certificate: { trusted } }] })
})

async function politeServer(options: ScriptedOptions, host?: string) {
  const server = await scriptedServer(
    async ({ wire, closeNotify }) => {
      await closeNotify()
      wire.closeNotify()
      wire.fin()
    },
    options,
    host,
  )
  onTestFinished(() => server.close())
  return server
}
