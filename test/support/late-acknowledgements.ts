/**
 * A conversation behind which the peer's kernel waits with acknowledgements, for an answer of the peer's to carry them: what
 * our side sends last is acknowledged only after a delay, by a peer that never answers our close_notify.
 */
import type { Duplex } from 'node:stream'
import type { ClosureReport } from '../../lib/index.js'

/** What our side sends last. */
export const lastWords: readonly { readonly name: string; readonly last: readonly string[] }[] = [
  { name: 'our alert', last: [] },
  { name: 'the data before our alert', last: ['one', 'two', 'three'] },
]

const exchanges = 30

/** Our side: talks, says its last words and ends. */
export function talkAndEnd(local: Duplex, last: readonly string[]): void {
  let count = 0
  local.on('data', () => {
    count++
    if (count < exchanges) local.write('and you?')
    if (count !== exchanges) return
    for (const each of last) local.write(each)
    local.end()
  })
}

/** The peer, which is half-open: begins, and answers each message. */
export function answerEach(peer: Duplex): void {
  peer.on('data', () => peer.write('and you?'))
  peer.write('hello')
}

/** ms from our close_notify until the connection was over. */
export function waitedIn({ sent, endedAt }: ClosureReport): number {
  return sent.kind === 'close_notify' ? endedAt - sent.at : Number.NaN
}
