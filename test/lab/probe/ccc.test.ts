/** CCC, behind which FTP goes on in plaintext: servers that do it in every way, well and badly. */
import { describe, expect, test } from 'vitest'
import type { ProbeOptions } from '../../../lib/lab/probe/options.js'
import { probe } from '../../../lib/lab/probe/probe.js'
import type { Ccc, ProbedVersion } from '../../../lib/lab/probe/result.js'
import { type TlsVersion, tlsVersions } from '../../../lib/tls/versions.js'
import { certificate } from '../../support/certificate.js'
import { delay } from '../../support/streams.js'
import { type FtpConnection, ftpServer } from './ftp-server.js'

const quick = { wait: 400, timeout: 5000, ca: certificate.cert, family: 4, starttls: 'ftp' } as const

async function probed(port: number, version: TlsVersion, options: ProbeOptions = {}): Promise<ProbedVersion> {
  const { versions } = await probe(`localhost:${port}`, {
    ...quick,
    ...{ versions: [version], questions: ['onFin'], ccc: true },
    ...options,
  })
  const [found] = versions
  if (found?.kind !== 'probed') throw new Error(`Expected it to be probed: ${JSON.stringify(found)}`)
  return found
}

const accepts = '200 no more protection\r\n'
const accepted = { kind: 'accepted', reply: { code: 200, text: 'no more protection' } }
const fatal = { type: 'alert', level: 'fatal', name: 'internal_error' } as const

/** What the server does at CCC, what is found, and how much it weighs. */
const behaviours: Readonly<Record<string, [(at: FtpConnection) => Promise<void> | void, object, string]>> = {
  'close_notify, and on in plaintext': [
    async ({ wire, reply, plaintext }) => {
      reply(accepts)
      wire.closeNotify()
      await plaintext()
      wire.raw(Buffer.from('200-noop\r\n in two lines\r\n200 done\r\n'))
    },
    { ...accepted, tls: 'close_notify', control: 'plaintext', noop: { code: 200, text: 'noop' } },
    'note',
  ],
  'on in plaintext without close_notify': [
    async ({ wire, reply, plaintext }) => {
      reply(accepts)
      await plaintext()
      wire.raw(Buffer.from('200 noop\r\n'))
    },
    { ...accepted, tls: 'none', control: 'plaintext', noop: { code: 200, text: 'noop' } },
    'risk',
  ],
  'plaintext in the segment of the alert': [
    async ({ wire, reply, plaintext }) => {
      wire.socket.cork()
      reply(accepts)
      wire.closeNotify()
      wire.raw(Buffer.from('200 injected\r\n'))
      wire.socket.uncork()
      await plaintext()
      wire.raw(Buffer.from('200 noop\r\n'))
    },
    { ...accepted, tls: 'close_notify', unasked: 14, control: 'plaintext', noop: { code: 200, text: 'noop' } },
    'risk',
  ],
  'plaintext that nobody asked for, and no close_notify': [
    ({ wire, reply }) => {
      reply(accepts)
      wire.raw(Buffer.from('200 injected\r\n'))
    },
    { ...accepted, tls: 'none', unasked: 14, control: 'silent' },
    'risk',
  ],
  'a refusal of our close_notify, which it takes for a command': [
    async ({ wire, reply, plaintext }) => {
      reply(accepts)
      await wire.until(() => wire.seen.closeNotifyAt !== undefined, 20_000)
      wire.raw(Buffer.from('500 unknown\r\n500 command\r\n'))
      await plaintext()
      wire.raw(Buffer.from('200 noop\r\n'))
    },
    { ...accepted, tls: 'none', control: 'plaintext', noop: { code: 200, text: 'noop' } },
    'risk',
  ],
  garbage: [
    async ({ wire, reply, plaintext }) => {
      reply(accepts)
      wire.closeNotify()
      await plaintext()
      wire.raw(Buffer.from([0xff, 0, 0xfe, 1]))
    },
    { ...accepted, tls: 'close_notify', control: 'garbage', detail: '\\xff\\x00\\xfe\\x01' },
    'risk',
  ],
  'silence in plaintext': [
    ({ wire, reply }) => {
      reply(accepts)
      wire.closeNotify()
    },
    { ...accepted, tls: 'close_notify', control: 'silent' },
    'note',
  ],
  'silence in all': [({ reply }) => reply(accepts), { ...accepted, tls: 'none', control: 'silent' }, 'note'],
  'close_notify and FIN': [
    ({ wire, reply }) => {
      reply(accepts)
      wire.closeNotify()
      wire.fin()
    },
    { ...accepted, tls: 'close_notify', control: 'fin' },
    'note',
  ],
  'FIN alone': [
    ({ wire, reply }) => {
      reply(accepts)
      wire.fin()
    },
    { ...accepted, tls: 'none', control: 'fin' },
    'note',
  ],
  'RST behind close_notify': [
    async ({ wire, reply, plaintext }) => {
      reply(accepts)
      wire.closeNotify()
      await plaintext()
      wire.reset()
    },
    { ...accepted, tls: 'close_notify', control: 'reset' },
    'note',
  ],
  'a fatal alert behind the reply': [
    ({ wire, forger, reply }) => {
      reply(accepts)
      wire.raw(forger.forge(fatal))
    },
    { ...accepted, tls: 'alert:internal_error', control: 'silent' },
    'note',
  ],
  'a refusal': [
    ({ reply }) => reply('534 not now\r\n'),
    { kind: 'refused', command: 'CCC', reply: { code: 534, text: 'not now' } },
    'good',
  ],
  'a refusal that comes in pieces and lines': [
    ({ reply }) => {
      for (const piece of ['50', '0-what\r\n', '500 is not the end', '\r\n more\r\n500 is that\r\n']) reply(piece)
    },
    { kind: 'refused', command: 'CCC', reply: { code: 500, text: 'what' } },
    'good',
  ],
  'no login': [
    ({ reply }) => reply('530 log in\r\n'),
    { kind: 'refused', command: 'CCC', reply: { code: 530, text: 'log in' } },
    'note',
  ],
  'no reply': [() => {}, { kind: 'no-reply', command: 'CCC', ending: 'silent' }, 'note'],
  'no reply that is one': [
    ({ reply }) => reply('good morning\r\n'),
    { kind: 'no-reply', command: 'CCC', ending: 'silent' },
    'note',
  ],
  'FIN in place of a reply': [({ wire }) => wire.fin(), { kind: 'no-reply', command: 'CCC', ending: 'fin' }, 'note'],
  'RST in place of a reply': [
    ({ wire }) => wire.reset(),
    { kind: 'no-reply', command: 'CCC', ending: 'reset' },
    'note',
  ],
  'close_notify in place of a reply': [
    ({ wire }) => void wire.closeNotify(),
    { kind: 'no-reply', command: 'CCC', ending: 'close_notify' },
    'note',
  ],
  'a fatal alert in place of a reply': [
    ({ wire, forger }) => void wire.raw(forger.forge(fatal)),
    { kind: 'no-reply', command: 'CCC', ending: 'alert:internal_error' },
    'note',
  ],
  'a reply outside of TLS': [
    ({ wire }) => void wire.raw(Buffer.from(accepts)),
    { kind: 'no-reply', command: 'CCC', ending: 'plaintext' },
    'risk',
  ],
}

describe.each(tlsVersions)('CCC with %s', (version) => {
  // Most of each is waiting for silence.
  const cases = Object.entries(behaviours)
  test.concurrent.for(cases)('%s', async ([, [script, found, weight]], { expect, onTestFinished }) => {
    const onCcc = async (first: string, at: FtpConnection) => {
      expect(first).toBe('CCC')
      await script(at)
    }
    const port = await ftpServer(onCcc, onTestFinished)
    const { ccc, advice } = await probed(port, version)
    expect(withoutTime(ccc)).toEqual(found)
    const [finding] = advice.findings.filter(({ question }) => question === 'ccc')
    expect(finding?.weight).toBe(weight)
    expect(finding?.text).toMatch(/^It .*\.$/)
    if (ccc?.kind === 'accepted') expect(ccc.closeNotifyAt === undefined).toBe(ccc.tls !== 'close_notify')
  })

  test('behind a login', async () => {
    const said: string[] = []
    const port = await ftpServer(async (first, { wire, command, reply, plaintext }) => {
      said.push(first)
      reply('331 and the password?\r\n')
      said.push(String(await command()))
      reply('230 come in\r\n')
      said.push(String(await command()))
      reply(accepts)
      wire.closeNotify()
      await plaintext()
      wire.raw(Buffer.from('200 noop\r\n'))
    })
    const { ccc } = await probed(port, version, { ccc: { user: 'ann', password: 'a secret' } })
    expect(ccc).toMatchObject({ ...accepted, tls: 'close_notify', control: 'plaintext' })
    expect(said).toEqual(['USER ann', 'PASS a secret', 'CCC'])
  })

  test.each([
    ['USER', '530 nobody comes in\r\n', ''],
    ['PASS', '331 and the password?\r\n', '530 wrong\r\n'],
  ])('a login that is refused at %s', async (refusing, ofUser, ofPassword) => {
    const port = await ftpServer(async (_first, { command, reply }) => {
      reply(ofUser)
      if ((await command()) !== undefined) reply(ofPassword)
    })
    const { ccc, advice } = await probed(port, version, { ccc: { user: 'ann', password: 'wrong' } })
    expect(ccc).toMatchObject({ kind: 'refused', command: refusing, reply: { code: 530 } })
    expect(advice.findings.at(-1)).toMatchObject({ question: 'ccc', weight: 'note' })
  })
})

test.each(['USER', 'PASS'])('plaintext in place of the reply to %s is told as that', async (asked) => {
  const port = await ftpServer(async (first, { wire, command, reply }) => {
    if (asked === 'PASS') {
      reply('331 and the password?\r\n')
      await command()
    }
    expect(first).toMatch(/^USER /)
    wire.raw(Buffer.from('230 come in\r\n'))
  })
  const { ccc, advice } = await probed(port, 'TLSv1.3', { ccc: { user: 'ann', password: 'a secret' } })
  expect(ccc).toEqual({ kind: 'no-reply', command: asked, ending: 'plaintext' })
  expect(advice.findings.at(-1)).toMatchObject({ question: 'ccc', weight: 'risk' })
})

test('a wrong password is waited for, which servers take their time to refuse', async () => {
  const port = await ftpServer(async (_first, { command, reply }) => {
    reply('331 and the password?\r\n')
    await command()
    await delay(3 * quick.wait)
    reply('530 wrong\r\n')
  })
  const { ccc } = await probed(port, 'TLSv1.3', { ccc: { user: 'ann', password: 'not it' } })
  expect(ccc).toEqual({ kind: 'refused', command: 'PASS', reply: { code: 530, text: 'wrong' } })
})

test('a login that the server repeats is in no reply', async () => {
  const port = await ftpServer(async (_first, { wire, command, reply, plaintext }) => {
    reply('331 Password for Zoë (zoë@example.org)?\r\n')
    await command()
    reply('230 Zoë/se.cret* is in\r\n')
    await command()
    reply('200 no more protection for zoë\r\n')
    wire.closeNotify()
    await plaintext()
    wire.raw(Buffer.from('not one for ZOë, xse.cret*x, zoëtrope\r\n'))
  })
  const { ccc } = await probed(port, 'TLSv1.3', { ccc: { user: 'zoë', password: 'se.cret*' } })
  expect(ccc).toMatchObject({
    reply: { code: 200, text: 'no more protection for ...' },
    ...{ control: 'garbage', detail: 'not one for ..., x...x, zoëtrope\\r\\n' },
  })

  const refusing = await ftpServer((_first, { reply }) => reply('530 User zoë cannot log in.\r\n'))
  const { ccc: refused, advice } = await probed(refusing, 'TLSv1.3', { ccc: { user: 'zoë', password: 'se.cret*' } })
  expect(refused).toMatchObject({ command: 'USER', reply: { code: 530, text: 'User ... cannot log in.' } })
  expect(JSON.stringify(advice)).not.toContain('zoë')
})

test.each([
  ['UTF-8', Buffer.from('534 désolé\r\n'), 'désolé'],
  ['no UTF-8', Buffer.from('534 d\xe9sol\xe9\r\n', 'latin1'), 'd\\xe9sol\\xe9'],
])('a reply of %s is shown as it can be', async (_name, bytes, text) => {
  const port = await ftpServer((_first, { wire }) => void wire.write(bytes))
  const { ccc } = await probed(port, 'TLSv1.3')
  expect(ccc).toEqual({ kind: 'refused', command: 'CCC', reply: { code: 534, text } })
})

test('CCC is of FTP, and its login has no line in it', async () => {
  await expect(probe('localhost:1', { ccc: true })).rejects.toThrow("Expected starttls 'ftp' with ccc")
  const wrong = { user: 'ann', password: 'a\r\nDELE all' }
  await expect(probe('localhost:1', { starttls: 'ftp', ccc: wrong })).rejects.toThrow(
    'Expected text without control characters for ccc.password',
  )
})

function withoutTime(ccc: Ccc | undefined): object {
  const { closeNotifyAt: _, ...others } = { closeNotifyAt: undefined, ...ccc }
  return others
}
