/**
 * What an FTP server does at CCC, the command after which the control connection goes on in plaintext: RFC 4217
 * section 5. A server that takes it says so in TLS (200), ends TLS with close_notify and leaves TCP open, and expects
 * the next command in plaintext; so does this client.
 */
import { printable } from '../transport/failure.js'
import { ClearText } from '../wire/clear-text.js'
import type { Wire } from '../wire/wire.js'
import { type Connection, type ConnectionOptions, isFailure } from './connection.js'
import { endingOf, tenths } from './questions.js'
import type { Ccc, CccAccepted, CccCommand, CccControl, Failure, FtpReply } from './result.js'

export interface CccLogin {
  readonly user: string
  readonly password: string
}

export interface CccOptions {
  /** Opens a connection, AUTH TLS and handshake included. */
  readonly connect: (options: Pick<ConnectionOptions, 'onData' | 'incoming'>) => Promise<Connection | Failure>
  readonly login: CccLogin | undefined
  /** ms that are waited for each reply, and for close_notify. */
  readonly wait: number
  readonly signal: AbortSignal
}

/**
 * Logs in where there is a login, asks for CCC, closes TLS, and sends NOOP in plaintext.
 *
 * @throws the signal's reason
 */
export async function askForCcc({ connect, login, wait, signal }: CccOptions): Promise<Ccc> {
  const clearText = new ClearText()
  let heard: Buffer = Buffer.alloc(0)
  const connection = await connect({
    onData: (bytes) => {
      heard = Buffer.concat([heard, bytes]).subarray(0, longestReply)
    },
    incoming: clearText.incoming,
  })
  if (isFailure(connection)) return { kind: 'not-observed', failure: connection }
  const { wire } = connection
  const roundTrip = Math.max(connection.connect ?? connection.handshake, 1)
  const takeHeard = (): Buffer => {
    const taken = heard
    heard = Buffer.alloc(0)
    return taken
  }
  try {
    return await ask({ wire, clearText, heard: () => heard, takeHeard, roundTrip, wait, signal }, login)
  } finally {
    wire.destroy()
  }
}

/** The control connection. */
interface Control {
  readonly wire: Wire
  readonly clearText: ClearText
  /** What came in TLS since it was taken last. */
  readonly heard: () => Buffer
  readonly takeHeard: () => Buffer
  /** ms that a round trip may take, roughly. */
  readonly roundTrip: number
  readonly wait: number
  readonly signal: AbortSignal
}

async function ask(control: Control, login: CccLogin | undefined): Promise<Ccc> {
  const refused = login === undefined ? undefined : await logIn(control, login)
  if (refused !== undefined) return refused
  // Before CCC leaves: the reply, the end of TLS and plaintext may come together.
  control.clearText.expect()
  const reply = await command(control, 'CCC')
  if (reply === undefined) return noReply(control, 'CCC')
  return reply.code === 200 ? await clear(control, reply) : { kind: 'refused', command: 'CCC', reply }
}

async function clear(control: Control, reply: FtpReply): Promise<CccAccepted> {
  const { wire, clearText, roundTrip, wait, signal } = control
  const from = performance.now()
  wire.closeNotify()
  await wire.until(() => wire.seen.closeNotifyAt !== undefined || wire.isOver, wait, signal)
  // What comes unasked has time to come.
  await wire.until(() => wire.hasEnded, 2 * roundTrip + 50, signal)
  const { closeNotifyAt, fatalAlert } = wire.seen
  // Nothing was said in plaintext yet, so that nothing can be an answer to it.
  const unasked = clearText.take().length
  return {
    ...{ kind: 'accepted', reply },
    tls: closeNotifyAt !== undefined ? 'close_notify' : fatalAlert !== undefined ? `alert:${fatalAlert.name}` : 'none',
    ...(closeNotifyAt !== undefined && { closeNotifyAt: tenths(closeNotifyAt - from) }),
    ...(unasked > 0 && { unasked }),
    ...(await noop(control)),
  }
}

/** Undefined where it was taken. */
async function logIn(control: Control, { user, password }: CccLogin): Promise<Ccc | undefined> {
  const ofUser = await command(control, 'USER', user)
  if (ofUser === undefined) return noReply(control, 'USER')
  // Nobody asks for a password.
  if (ofUser.code === 230 || ofUser.code === 232) return undefined
  if (ofUser.code !== 331) return { kind: 'refused', command: 'USER', reply: ofUser }
  const ofPassword = await command(control, 'PASS', password)
  if (ofPassword === undefined) return noReply(control, 'PASS')
  const isTaken = ofPassword.code === 230 || ofPassword.code === 202
  return isTaken ? undefined : { kind: 'refused', command: 'PASS', reply: ofPassword }
}

/** In TLS. Undefined where no reply came in time, or something that is none. */
async function command(control: Control, name: CccCommand, text?: string): Promise<FtpReply | undefined> {
  const { wire, clearText, heard, takeHeard, wait, signal } = control
  takeHeard()
  wire.write(Buffer.from(`${name}${text === undefined ? '' : ` ${text}`}\r\n`))
  const isOver = (): boolean => wire.isOver || wire.seen.closeNotifyAt !== undefined || clearText.plaintext.length > 0
  await wire.until(() => replyIn(heard()) !== 'unfinished' || isOver(), wait, signal)
  const found = replyIn(heard())
  return typeof found === 'object' ? found : undefined
}

/** NOOP in plaintext, and what comes of it. */
async function noop({ wire, clearText, wait, signal }: Control): Promise<CccControl> {
  if (!wire.hasEnded) {
    wire.raw(Buffer.from('NOOP\r\n'))
    await wire.until(() => replyIn(clearText.plaintext) !== 'unfinished' || wire.hasEnded, wait, signal)
  }
  const came = clearText.plaintext
  const found = replyIn(came)
  if (typeof found === 'object') return { control: 'plaintext', noop: found }
  if (came.length > 0) return { control: 'garbage', detail: printable(came) }
  const { reset, finAt } = wire.seen
  if (reset !== undefined) return { control: 'reset' }
  return { control: finAt === undefined ? 'silent' : 'fin' }
}

function noReply({ wire, clearText }: Control, name: CccCommand): Ccc {
  const isPlaintext = clearText.plaintext.length > 0
  return { kind: 'no-reply', command: name, ending: isPlaintext ? 'plaintext' : endingOf(wire) }
}

/** More than any reply has. */
const longestReply = 8192

/** The first reply, of one line or of many: RFC 959 section 4.2. */
function replyIn(bytes: Buffer): FtpReply | 'unfinished' | 'none' {
  const text = bytes.subarray(0, longestReply).toString('latin1')
  const lines = text.split(/\r?\n/)
  const whole = lines.slice(0, -1)
  const [first] = whole
  if (first === undefined) return /^([1-5]?|[1-5]\d{1,2}([ -].*)?)\r?$/s.test(text) ? 'unfinished' : 'none'
  const [, code = '', sign, rest = ''] = /^([1-5]\d\d)(?:([ -])(.*))?$/s.exec(first) ?? []
  if (code === '') return 'none'
  if (sign !== '-') return { code: Number(code), text: printable(rest) }
  const last = whole.slice(1).find((line) => line === code || line.startsWith(`${code} `))
  if (last !== undefined) return { code: Number(code), text: printable(rest) }
  return bytes.length < longestReply ? 'unfinished' : 'none'
}
