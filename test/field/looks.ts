/**
 * What several looks at one server have found. Some servers do not do the same each time: a socket that is closed with
 * unread bytes sends RST, which overtakes the FIN or not. Probe and judge agree where both have seen one of the same.
 */
import type { VersionResult } from '../../lib/lab/probe/result.js'
import { statementsOf } from './compare.js'
import type { VersionSight } from './judge/judge.js'

export class Looks {
  /** By what they are about. */
  readonly #found = new Map<string, { probe: Set<string>; wire: Set<string>; lastRecord: string }>()

  add(probed: VersionResult, seen: VersionSight): void {
    for (const { about, probe, wire, record } of statementsOf(probed, seen)) {
      const found = this.#found.get(about) ?? { probe: new Set(), wire: new Set(), lastRecord: '' }
      found.probe.add(probe)
      found.wire.add(wire)
      found.lastRecord = record
      this.#found.set(about, found)
    }
  }

  /** Where the probe never said what was on the wire. One line each. */
  get differences(): readonly string[] {
    return [...this.#found].flatMap(([about, { probe, wire, lastRecord }]) => {
      if ([...probe].some((words) => wire.has(words)) || this.#isRace(about)) return []
      return [`${about}: probe ${[...probe].join(' or ')}, wire ${[...wire].join(' or ')} (${lastRecord})`]
    })
  }

  /**
   * A server that closes behind its response sends RST if our close_notify lies unread there, and FIN if it has read it:
   * which of them depends on how close request and alert arrive to each other, and the judge's relay hands them on apart.
   */
  #isRace(about: string): boolean {
    const question = 'onCloseNotifyAfterRequest'
    if (about !== question && about !== `TCP ${question}`) return false
    const { probe, wire } = this.#found.get(question) ?? { probe: new Set<string>(), wire: new Set<string>() }
    const hasReset = (words: ReadonlySet<string>): boolean => [...words].some((each) => each.endsWith(' reset'))
    return hasReset(probe) !== hasReset(wire)
  }

  /** What was not the same each time, by what it is about. */
  get variations(): Readonly<Record<string, readonly string[]>> {
    const all = [...this.#found].map(([about, { probe, wire }]) => [about, [...new Set([...probe, ...wire])]] as const)
    return Object.fromEntries(all.filter(([, words]) => words.length > 1))
  }
}
