// What changes from one build to another: by hand-made results, and over every pair of the builds that are there.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Compared } from '../../../lib/lab/compare/compare.js'
import { changesOf } from '../../../lib/lab/compare/changes.js'
import type { Change, Changes } from '../../../lib/lab/compare/changes.js'
import { knownCauses } from '../../../lib/lab/compare/causes/index.js'
import type { ComparedBuild, ScenarioResult } from '../../../lib/lab/compare/comparison.js'
import type { Observation } from '../../../lib/lab/scenarios/types.js'
import { presentBuilds } from '../../support/builds.js'
import { build, ran, readEof, readEofOf111, scenario, shutdown } from './comparison.js'

describe('what changes between two builds', () => {
  test('is nothing where both gave the same', () => {
    const changes = between(ran(shutdown, readEof), ran(shutdown, readEof))
    expect(changes).toMatchObject({ steps: { all: 2, differing: 0 }, changes: [], calls: [], failures: [] })
  })

  test('is one entry for a cause, whatever its consequences are', () => {
    const later: Observation = { ...shutdown, step: 'client closes' }
    const changes = between(
      ran(readEofOf111, later),
      ran(readEof, { ...later, value: -1, error: 'SSL_ERROR_SSL', reasons: ['shutdown while in init'] }),
    )
    expect(changes.changes).toEqual([
      expect.objectContaining({ kind: 'behaviour', explained: true, cause: 'eof-without-close-notify', scenarios: 1 }),
    ])
    expect(changes.changes[0]?.steps.map(({ step }) => step)).toEqual(['client SSL_read', 'client closes'])
  })

  test('is told the other way round where the replacement is the older one', () => {
    const [forth] = between(ran(readEofOf111), ran(readEof)).changes
    const [back] = between(ran(readEof), ran(readEofOf111), newer, older).changes
    expect(back).toMatchObject({ cause: textIn(forth, 'cause'), old: forth?.new, new: forth?.old })
    expect(textIn(back, 'program')).not.toBe(textIn(forth, 'program'))
  })

  test.each([0x1010117f, 0x30000000])(
    'is not explained by a cause that says nothing of two builds of %i',
    (version) => {
      const both = ofVersion('both', version)
      const [change] = between(ran(readEofOf111), ran(readEof), both, both).changes
      expect(change).toEqual({
        kind: 'behaviour',
        explained: false,
        call: 'SSL_read',
        old: '0 SSL_ERROR_SYSCALL [SENT]',
        new: '-1 SSL_ERROR_SSL "unexpected eof while reading" [SENT]',
        scenarios: 1,
        steps: [expect.objectContaining({ scenario: 'lab-one', tls: 'TLSv1.3', step: 'client SSL_read' })],
      })
    },
  )

  test('without a known cause is grouped by call, old and new', () => {
    const [one, two] = ['first', 'second'].map((step): Observation => ({ ...shutdown, step }))
    const differing: readonly Observation[] = [one, two].flatMap((each) => (each ? [{ ...each, value: 1 }] : []))
    const changes = between(ran(...[one, two].flatMap((each) => each ?? [])), ran(...differing))
    expect(changes.changes).toEqual([expect.objectContaining({ explained: false, call: 'SSL_shutdown', scenarios: 1 })])
    expect(changes.changes[0]?.steps).toHaveLength(2)
  })

  test('by the cause of what the other side has sent counts as that cause, and not where it has sent the same', () => {
    const sent = (record: string): Observation => ({
      step: 'client transfer',
      actor: 'client',
      call: 'transfer',
      wire: [record],
    })
    const read: Observation = { step: 'server SSL_read', actor: 'server', call: 'SSL_read', value: 0 }
    const failed = { ...read, value: -1 }
    const reached = between(ran(readEofOf111, sent('nothing'), read), ran(readEof, sent('alert'), failed))
    expect(reached.changes.map(causeOfChange)).toEqual(['eof-without-close-notify'])
    const alone = between(ran(readEofOf111, sent('alert'), read), ran(readEof, sent('alert'), failed))
    expect(alone.changes.map(causeOfChange)).toEqual(['eof-without-close-notify', 'SSL_read'])
  })

  test('has wording behind behaviour, and wording is what differs in the texts of reasons alone', () => {
    const alert = (reason: string): Observation => ({ ...readEof, step: 'server SSL_read', reasons: [reason] })
    const changes = between(
      ran(alert('sslv3 alert decompression failure'), shutdown),
      ran(alert('something else'), { ...shutdown, value: 1 }),
    )
    expect(changes.changes.map(({ kind }) => kind)).toEqual(['behaviour', 'wording'])
  })

  test.each([
    ['a queue that is empty now', { reasons: [] }],
    ['another error', { error: 'SSL_ERROR_SYSCALL' }],
    ['another flag', { flags: 'none' } satisfies Partial<Observation>],
  ])('is behaviour with %s', (_what, change) => {
    const changes = between(ran(readEof), ran({ ...readEof, reasons: ['otherwise'], ...change }))
    expect(changes.changes.map(({ kind }) => kind)).toEqual(['behaviour'])
  })

  test('counts a step that one of them did not come to', () => {
    const changes = between(ran(shutdown, readEof), ran(shutdown))
    expect(changes.steps).toEqual({ all: 2, differing: 1 })
    expect(changes.changes[0]?.steps[0]).toMatchObject({ step: 'client SSL_read', new: null })
  })

  test('names the calls that one of them lacks, and what could not be carried out', () => {
    const lacking: ScenarioResult = { kind: 'lacking', calls: ['SSL_shutdown_ex'] }
    expect(between(lacking, ran(shutdown)).calls).toEqual([
      { call: 'SSL_shutdown_ex', has: 'to', scenarios: ['lab-one'] },
    ])
    expect(between(lacking, lacking).calls).toEqual([])
    const crashed: ScenarioResult = { kind: 'crashed', crash: { how: 'SIGSEGV', said: '' } }
    expect(between(ran(shutdown), crashed).failures).toEqual([
      { scenario: 'lab-one', tls: 'TLSv1.3', build: 'to', message: 'SIGSEGV' },
    ])
  })

  test('is refused of a build that was not compared', () => {
    const compared = { builds: [older, newer], scenarios: [] }
    expect(() => changesOf(compared, 'old', 'none')).toThrow(
      expect.objectContaining({ code: 'ERR_CLOSURE_INVALID_ARGUMENT' }),
    )
  })
})

describe('known causes', () => {
  test('each have a name of their own, in kebab-case', () => {
    const names = knownCauses.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => !/^[a-z0-9.]+(-[a-z0-9.]+)+$/.test(name))).toEqual([])
  })

  test('say in whole sentences what is done, and what to do', () => {
    const texts = knownCauses.flatMap(({ elsewhere, there, arriving, leaving }) => [
      elsewhere,
      there,
      arriving,
      leaving,
    ])
    expect(texts.filter((text) => !/^["A-Z].*\.$/.test(text))).toEqual([])
  })
})

describe.runIf(presentBuilds().length > 1)('between every two builds that are there', () => {
  let compared: Compared = { builds: [], scenarios: [] }
  const changes: Changes[] = []
  beforeAll(() => {
    const path = (relative: string) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url))
    const args = [path('dist/lib/cli/main.js'), 'compare', '--builds', path('.cache/libssl'), '--json']
    const parsed: unknown = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 28 }))
    if (!isCompared(parsed)) throw new Error('Expected a comparison')
    compared = parsed
    for (const from of compared.builds) {
      for (const to of compared.builds) if (from !== to) changes.push(changesOf(compared, from.id, to.id))
    }
  })

  test('the steps under all causes are the steps that differ, each once', () => {
    expect(changes.length).toBeGreaterThan(0)
    for (const each of changes) {
      const listed = each.changes.flatMap(({ steps }) =>
        steps.map(({ scenario: name, tls, step }) => [name, tls, step]),
      )
      const keys = listed.map((parts) => JSON.stringify(parts))
      expect(new Set(keys).size).toBe(keys.length)
      expect(keys.toSorted()).toEqual(differingSteps(compared, each).toSorted())
      expect(each.steps.differing).toBe(keys.length)
    }
  })

  test('what differs is named so that it does not move', () => {
    const numbered = compared.scenarios.flatMap(({ name, differences }) =>
      differences.filter(({ step }) => /#\d+$/.test(step)).map(({ step }) => `${name}: ${step}`),
    )
    expect(numbered).toEqual([])
  })

  test('every difference has a known cause', () => {
    const unexplained = changes.flatMap(({ from, to, changes: all }) =>
      all.filter(({ explained }) => !explained).map((one) => `${from.label} -> ${to.label}: ${JSON.stringify(one)}`),
    )
    expect(unexplained).toEqual([])
  })

  test('there are fewer causes than a screen has lines', () => {
    expect(Math.max(...changes.map(({ changes: all }) => all.length))).toBeLessThan(30)
  })
})

/** Told by another way than the code's: all fields but the note, and case and underscores in reasons. */
function differingSteps({ scenarios }: Compared, { from, to }: Changes): readonly string[] {
  return scenarios.flatMap(({ name, tls, results }) => {
    const [before, after] = [results[from.id], results[to.id]]
    if (before?.kind !== 'ran' || after?.kind !== 'ran') return []
    const plain = ({ note: _note, ...one }: Observation) => JSON.stringify(one).toLowerCase().replaceAll('_', ' ')
    return before.observations.flatMap((one, index) => {
      const other = after.observations[index]
      if (other !== undefined && plain(one) === plain(other)) return []
      return [JSON.stringify([name, tls, one.step])]
    })
  })
}

const older: ComparedBuild = ofVersion('old', 0x1010117f)
const newer: ComparedBuild = ofVersion('new', 0x30000000)

function ofVersion(id: string, versionNumber: number): ComparedBuild {
  const made = build(id, id)
  return made.status === 'loaded' ? { ...made, versionNumber } : made
}

/** One scenario, between an OpenSSL 1.1.1 and a 3.0 unless others are given. */
function between(from: ScenarioResult, to: ScenarioResult, old = older, replacement = newer): Changes {
  const [before, after] = [
    { ...old, id: 'a' },
    { ...replacement, id: 'b' },
  ]
  return changesOf({ builds: [before, after], scenarios: [scenario('lab-one', { a: from, b: to })] }, 'a', 'b')
}

function causeOfChange(change: Change): string {
  return change.explained ? change.cause : change.call
}

function textIn(change: Change | undefined, field: 'cause' | 'program'): string | undefined {
  return change?.explained ? change[field] : undefined
}

// The program that printed it is of this very checkout.
function isCompared(value: unknown): value is Compared {
  return typeof value === 'object' && value !== null && 'builds' in value && 'scenarios' in value
}
