/** What several looks at one client have found, of the lab's peers and on the wire: pure. */
import type { AssessedRun } from '../../lib/lab/assess/result.js'
import type { Closing } from '../../lib/lab/peers/log.js'
import type { ClientSight, Situation } from './judge/client-judge.js'

/** What is said of a client in a situation. */
export interface Seen {
  /** How it closed the connections on which it had asked for something. */
  readonly closings: readonly Closing[]
  readonly exit: ClientSight['exit']
}

/** Of an assessment's run. */
export function seenIn({ connections, verdict, exitCode }: AssessedRun): Seen {
  const asked = connections.filter(({ did }) => did.some((step) => step.did === 'request'))
  return {
    closings: asked.map(({ other }) => (verdict === 'hung' ? beforeItsEnd(other.closing) : other.closing)),
    exit: verdict === 'hung' ? 'hung' : exitCode === 0 ? 'success' : 'failure',
  }
}

/** Of a program that was killed: its TCP was ended by the system. */
function beforeItsEnd(closing: Closing): Closing {
  if (closing === 'fin' || closing === 'reset') return 'open'
  return closing === 'close_notify+fin' || closing === 'close_notify+reset' ? 'close_notify' : closing
}

export class ClientLooks {
  readonly #found = new Map<string, { lab: Set<string>; wire: Set<string> }>()

  add(situation: Situation, lab: Seen, wire: Seen): void {
    const onWire = wire.exit === 'hung' ? wire.closings.map(beforeItsEnd) : wire.closings
    this.#add(`closes at ${situation}`, lab.closings, onWire)
    this.#add(`exit at ${situation}`, [lab.exit], [wire.exit])
  }

  #add(about: string, lab: readonly string[], wire: readonly string[]): void {
    const found = this.#found.get(about) ?? { lab: new Set(), wire: new Set() }
    for (const word of lab) found.lab.add(word)
    for (const word of wire) found.wire.add(word)
    this.#found.set(about, found)
  }

  /** Where the lab's peers never saw what was on the wire. One line each. */
  get differences(): readonly string[] {
    return [...this.#found].flatMap(([about, { lab, wire }]) => {
      if (lab.size === 0 && wire.size === 0) return []
      const kinds = new Set([...wire].map(kindOf))
      if ([...lab].some((word) => kinds.has(kindOf(word)))) return []
      return [`${about}: lab ${wordsOf(lab)}, wire ${wordsOf(wire)}`]
    })
  }

  /** Every way in which it closed in a situation. */
  closingsAt(situation: Situation): readonly string[] {
    const { lab = [], wire = [] } = this.#found.get(`closes at ${situation}`) ?? {}
    return [...new Set([...wire, ...lab])]
  }
}

/**
 * A client that closes over bytes that it has not read sends RST in place of FIN: which of them depends on how close the
 * end of the server's response and its alert arrive to each other, and the relay hands them on in a time of its own.
 */
function kindOf(word: string): string {
  return word.replace(/reset$/, 'fin')
}

function wordsOf(words: ReadonlySet<string>): string {
  return [...words].join(' or ') || 'nothing'
}
