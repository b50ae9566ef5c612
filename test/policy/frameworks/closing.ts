/** How a connection closed, as one line for people: `server: close_notify FIN, client: close_notify FIN`. */
import type { Wire, WireEvent } from '../../support/wire.js'

/**
 * From the first alert, FIN or RST on, in the order of the wire; who sent several in a row is named once.
 *
 * A RST is the end: what the other side still sends depends on when it hears of it. A RST after a FIN of the same side
 * is left out: it is what a kernel answers to bytes that come for a socket that is gone, and whether the relay still
 * hears it is chance.
 */
function closingOf(events: readonly WireEvent[]): string {
  const ended = new Set<string>()
  const acts = events.flatMap((event) => {
    const act = actOf(event)
    if (act === undefined || ended.has(event.from)) return []
    if (act === 'FIN') ended.add(event.from)
    return [{ from: event.from, act }]
  })
  const start = acts.findIndex(({ act }) => act !== 'data')
  const reset = acts.findIndex(({ act }) => act === 'RST')
  const end = reset < 0 ? acts.length : reset + 1
  const turns: { readonly from: string; readonly acts: string[] }[] = []
  for (const { from, act } of start < 0 ? [] : acts.slice(start, end)) {
    const turn = turns.at(-1)
    if (turn?.from !== from) turns.push({ from, acts: [act] })
    else if (turn.acts.at(-1) !== act) turn.acts.push(act)
  }
  return turns.map((turn) => `${turn.from}: ${turn.acts.join(' ')}`).join(', ')
}

/**
 * The closing as it was seen, and as it may have been: where a RST behind FIN, which is left out, ended the other side before its
 * FIN, that would have come.
 */
export function readingsOf(wire: Wire): readonly string[] {
  const { events } = wire
  const seen = closingOf(events)
  const isLeftOut = ({ from, kind }: WireEvent, index: number) =>
    kind === 'rst' && events.slice(0, index).some((event) => event.from === from && event.kind === 'fin')
  const reset = events.find(isLeftOut)
  if (reset === undefined) return [seen]
  const other = reset.from === 'client' ? 'server' : 'client'
  if (events.some(({ from, kind }) => from === other && kind === 'fin')) return [seen]
  return [seen, closingOf([...events, { ...reset, from: other, kind: 'fin' }])]
}

function actOf(event: WireEvent): string | undefined {
  switch (event.kind) {
    case 'handshake':
    case 'change_cipher_spec':
    case 'plaintext':
      return undefined
    case 'data':
      return 'data'
    case 'alert':
      return event.name
    case 'fin':
      return 'FIN'
    case 'rst':
      return 'RST'
    case 'encrypted':
    case 'undecryptable':
    case 'malformed-alert':
    case 'partial-record':
      return event.kind
  }
}
