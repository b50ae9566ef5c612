/** The protocols of lines: SMTP, FTP, IMAP and POP3. */
import type { Dialogue } from '../dialogue.js'

/** RFC 3207, and RFC 5321 for the replies. */
export async function smtp(dialogue: Dialogue): Promise<void> {
  const greeting = await replyOf(dialogue, 'a greeting 220', 'coded')
  if (greeting.code !== '220') throw refusal(dialogue, 'the greeting', greeting)

  // A client without a name of its own gives an address (RFC 5321, 4.1.4); this one tells nothing of its machine.
  dialogue.say('EHLO [127.0.0.1]\r\n')
  const offer = await replyOf(dialogue, 'a reply 250 to EHLO', 'coded')
  if (offer.code !== '250') throw refusal(dialogue, 'EHLO', offer)
  const offers = offer.texts.slice(1).map((text) => text.trim())
  if (!offers.some((text) => /^STARTTLS$/i.test(text))) {
    throw dialogue.refused('EHLO', `STARTTLS is not among ${offers.join(', ') || 'its extensions, it has none'}`)
  }

  dialogue.say('STARTTLS\r\n')
  const answer = await replyOf(dialogue, 'a reply 220 to STARTTLS', 'coded')
  if (answer.code !== '220') throw refusal(dialogue, 'STARTTLS', answer)
}

/** RFC 4217, and RFC 959 for the replies. */
export async function ftp(dialogue: Dialogue): Promise<void> {
  let greeting = await replyOf(dialogue, 'a greeting 220', 'free')
  // "Service ready in nnn minutes."
  while (greeting.code === '120') greeting = await replyOf(dialogue, 'a greeting 220', 'free')
  if (greeting.code !== '220') throw refusal(dialogue, 'the greeting', greeting)

  dialogue.say('AUTH TLS\r\n')
  const answer = await replyOf(dialogue, 'a reply 234 to AUTH TLS', 'free')
  if (answer.code !== '234') throw refusal(dialogue, 'AUTH TLS', answer)
}

/** RFC 9051, 6.2.1. */
export async function imap(dialogue: Dialogue): Promise<void> {
  const expected = 'a greeting "* OK"'
  const greeting = await dialogue.line(expected)
  const [, state = ''] = /^\* (OK|PREAUTH|BYE)(?: |$)/i.exec(greeting) ?? []
  if (state === '') throw dialogue.unexpected(expected, greeting)
  // Where a client is known already, TLS is too late.
  if (state.toUpperCase() !== 'OK') throw dialogue.refused('the greeting', greeting)

  dialogue.say('a1 STARTTLS\r\n')
  for (;;) {
    const line = await dialogue.line('"a1 OK"')
    if (/^a1 OK(?: |$)/i.test(line)) return
    if (/^(?:a1 (?:NO|BAD)|\* BYE)(?: |$)/i.test(line)) throw dialogue.refused('STARTTLS', line)
    if (!line.startsWith('* ')) throw dialogue.unexpected('"a1 OK"', line)
  }
}

/** RFC 2595, 4. */
export async function pop3(dialogue: Dialogue): Promise<void> {
  const status = async (to: string) => {
    const line = await dialogue.line(`"+OK" to ${to}`)
    if (/^-ERR(?: |$)/i.test(line)) throw dialogue.refused(to, line)
    if (!/^\+OK(?: |$)/i.test(line)) throw dialogue.unexpected(`"+OK" to ${to}`, line)
  }
  await status('the connection')
  dialogue.say('STLS\r\n')
  await status('STLS')
}

interface Reply {
  readonly code: string
  /** What stands behind the code, or behind nothing in a line that has none. */
  readonly texts: readonly string[]
}

/**
 * A reply of three digits, of one line or of many: the last has a space, or nothing, behind the code. Between them
 * SMTP repeats the code, and FTP may have any line.
 */
async function replyOf(dialogue: Dialogue, expected: string, between: 'coded' | 'free'): Promise<Reply> {
  const first = await dialogue.line(expected)
  const [, code = '', sign, text = ''] = /^([1-5]\d\d)(?:([ -])(.*))?$/s.exec(first) ?? []
  if (code === '') throw dialogue.unexpected(expected, first)
  const texts = [text]
  if (sign !== '-') return { code, texts }
  for (;;) {
    const line = await dialogue.line(expected)
    const hasCode = line.startsWith(code)
    if (hasCode && !/^.{3}[^ ]/s.test(line)) return { code, texts: [...texts, line.slice(4)] }
    if (between === 'coded' && !line.startsWith(`${code}-`)) throw dialogue.unexpected(expected, line)
    texts.push(hasCode ? line.slice(4) : line)
  }
}

function refusal(dialogue: Dialogue, to: string, { code, texts }: Reply) {
  return dialogue.refused(to, [code, ...texts].join(' ').trim())
}
