/** Connections of peers in a few words, for people. */
import type { OtherSide, PeerLogEntry, PeerStep } from '../lab/peers/log.js'
import type { Profile } from '../lab/peers/profiles.js'
import { aligned } from './text.js'

/** `TLSv1.3: closed by close_notify+fin (before ours), 79 bytes; did request, response 20133, close_notify, fin` */
export function describeConnection({ handshake, other, did, judgement }: PeerLogEntry): string {
  const how = handshake.kind === 'done' ? handshake.version : `no handshake (${handshake.reason})`
  const judged = judgement === undefined ? [] : [`${judgement.verdict}: ${judgement.because}`]
  return [`${how}: ${describeOther(other)}`, `did ${did.map(describeStep).join(', ') || 'nothing'}`, ...judged].join(
    '; ',
  )
}

/** How the other side closed, in a few words: `close_notify+fin before ours`, `in the handshake: alert:unknown_ca`. */
export function closingOf({ other, handshake }: PeerLogEntry): string {
  const { closing, closeNotify } = other
  const order = closeNotify === undefined || closeNotify.order === 'without ours' ? '' : ` ${closeNotify.order}`
  return `${handshake.kind === 'failed' ? 'in the handshake: ' : ''}${closing}${order}`
}

/** What clients did to each profile, a line for each; nothing where no client came. */
export function renderClients(
  peers: readonly { readonly profile: Profile; readonly log: readonly PeerLogEntry[] }[],
): string {
  if (peers.every(({ log }) => log.length === 0)) return ''
  const rows = peers.map(({ profile, log }) => [
    profile.name,
    String(log.length),
    counted(log.map(closingOf)) || 'no connection',
    counted(log.flatMap(({ judgement }) => (judgement === undefined ? [] : [judgement.verdict]))),
  ])
  return ['', ...aligned([['profile', 'clients', 'closed by', 'judged'], ...rows]), ''].join('\n')
}

/** Each once, with how often it is there: `fin, close_notify+fin before ours (2)`. */
function counted(texts: readonly string[]): string {
  const shown = [...new Set(texts)].map((text) => {
    const times = texts.filter((other) => other === text).length
    return times === 1 ? text : `${text} (${times})`
  })
  return shown.join(', ')
}

/** How the other side closed, and when. */
export function describeOther({
  closing,
  closeNotify,
  finAt,
  reset,
  alert,
  failure,
  bytes,
  surplus,
}: OtherSide): string {
  const facts = [
    ...(closeNotify === undefined ? [] : [`close_notify ${closeNotify.at} ms, ${closeNotify.order}`]),
    ...(finAt === undefined ? [] : [`FIN ${finAt} ms`]),
    ...(reset === undefined ? [] : [`RST ${reset.at} ms`]),
    ...(alert === undefined ? [] : [`alert ${alert.at} ms`]),
    ...(failure === undefined ? [] : [failure.reason]),
  ]
  const behind = surplus === undefined ? '' : ` and ${surplus} behind close_notify`
  return `${closing}${facts.length === 0 ? '' : ` (${facts.join('; ')})`}, ${bytes} bytes${behind}`
}

function describeStep({ did, bytes }: PeerStep): string {
  return bytes === undefined ? did : `${did} ${bytes}`
}

/** A profile in a line, and in the next one where it is documented. */
export function renderProfiles(profiles: readonly Profile[]): string {
  const sides = ['server', 'client'] as const
  const sections = sides.flatMap((side) => {
    const those = profiles.filter((profile) => profile.side === side)
    if (those.length === 0) return []
    const lines = aligned(those.map(({ name, does, versions }) => [name, onlyFor(versions), does]))
    const places = those.map(({ documented }) => `      ${documented}`)
    return [`Profiles of ${side}s`, ...lines.flatMap((line, index) => [line, places[index] ?? '']), '']
  })
  return sections.join('\n')
}

function onlyFor(versions: Profile['versions']): string {
  return versions.length === 1 ? versions.join() : ''
}
