/** XMPP: STARTTLS of RFC 6120, 5.4, in as much of XML as a stream may have before it. */
import type { Dialogue } from '../dialogue.js'

/** As a client. */
export function xmpp(dialogue: Dialogue, host: string): Promise<void> {
  return startTls(dialogue, 'jabber:client', host)
}

/** As another server. */
export function xmppServer(dialogue: Dialogue, host: string): Promise<void> {
  return startTls(dialogue, 'jabber:server', host)
}

async function startTls(dialogue: Dialogue, namespace: string, host: string): Promise<void> {
  dialogue.say(
    `<?xml version='1.0'?><stream:stream to='${escapeAttribute(host)}' version='1.0' xmlns='${namespace}' ` +
      `xmlns:stream='http://etherx.jabber.org/streams'>`,
  )
  const header = await nextTag(dialogue, 'a stream header', 'no text')
  if (header.name !== 'stream' || header.kind !== 'start') throw dialogue.unexpected('a stream header', header.text)

  const features = await elementOf(dialogue, 'stream features', ['features'])
  if (!features.children.includes('starttls')) {
    throw dialogue.refused(
      'the stream',
      `starttls is not among ${features.children.join(', ') || 'its features, it has none'}`,
    )
  }

  dialogue.say(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`)
  const answer = await elementOf(dialogue, 'proceed', ['proceed', 'failure'])
  if (answer.name === 'failure') throw dialogue.refused('starttls', `failure ${answer.children.join(', ')}`.trim())
}

interface Element {
  readonly name: string
  /** The names of the elements right in it. */
  readonly children: readonly string[]
}

/** The next element, whole, which has to have one of the names; a stream error is a refusal. */
async function elementOf(dialogue: Dialogue, expected: string, names: readonly string[]): Promise<Element> {
  const tag = await nextTag(dialogue, expected, 'no text')
  const isError = tag.name === 'error'
  if (tag.kind === 'end' || !(isError || names.includes(tag.name))) throw dialogue.unexpected(expected, tag.text)
  const children: string[] = []
  for (let depth = tag.kind === 'empty' ? 0 : 1; depth > 0; ) {
    const inner = await nextTag(dialogue, expected, 'text')
    if (depth === 1 && inner.kind !== 'end') children.push(inner.name)
    if (inner.kind === 'start') depth++
    else if (inner.kind === 'end') depth--
  }
  if (isError) throw dialogue.refused('the stream', `error ${children.join(', ')}`.trim())
  return { name: tag.name, children }
}

interface Tag {
  /** Without its prefix. */
  readonly name: string
  readonly kind: 'start' | 'end' | 'empty'
  /** As it came. */
  readonly text: string
}

/** The next tag. The XML declaration is passed over; comments and the like are forbidden (RFC 6120, 11.1). */
async function nextTag(dialogue: Dialogue, expected: string, before: 'text' | 'no text'): Promise<Tag> {
  for (;;) {
    const bytes = await dialogue.take(expected, (buffer) => {
      const end = endOfTag(buffer, before)
      if (end === 'not a tag') throw dialogue.unexpected(expected)
      return end
    })
    const text = bytes.toString('utf8').replace(/^[^<]*/, '')
    const [, slash, name] = /^<(\/?)(?:[\w.-]+:)?([\w.-]+)/.exec(text) ?? []
    if (name !== undefined) return { name, text, kind: slash === '/' ? 'end' : text.endsWith('/>') ? 'empty' : 'start' }
    if (!/^<\?xml\s/.test(text)) throw dialogue.unexpected(expected, text)
  }
}

const lessThan = 0x3c
const greaterThan = 0x3e
const quotationMarks: readonly number[] = [0x22, 0x27]
const whitespace: readonly number[] = [0x20, 0x09, 0x0a, 0x0d]

/** Where the first tag ends; 0: not here. In the quotation marks of an attribute a > is no end. */
function endOfTag(buffer: Buffer, before: 'text' | 'no text'): number | 'not a tag' {
  let isInside = false
  let mark: number | undefined
  for (const [index, byte] of buffer.entries()) {
    if (!isInside) {
      isInside = byte === lessThan
      if (!isInside && before === 'no text' && !whitespace.includes(byte)) return 'not a tag'
    } else if (mark !== undefined) {
      if (byte === mark) mark = undefined
    } else if (quotationMarks.includes(byte)) mark = byte
    else if (byte === greaterThan) return index + 1
  }
  return 0
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll("'", '&apos;')
}
