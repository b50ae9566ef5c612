/** From runs to cells and checks: pure. */
import type { Cell, Check } from '../cell.js'
import { present, share } from '../measures.js'
import type { Sweep } from './cells.js'
import type { Answer } from './client.js'
import type { Layout } from './records.js'
import { boundariesOf, totalOf } from './records.js'
import { bodyLength, type Framing, responseOf } from './responses.js'

/** What became of one request. */
export const results = ['cut-accepted', 'whole', 'error', 'hang', 'crash'] as const
export type Result = (typeof results)[number]

/** One request whose response was cut, or passed as it was. */
export interface Run {
  readonly sweep: Sweep
  /** After how many bytes of the response the attacker was told to cut it. */
  readonly position: number
  /** Everything passed, and FIN: how the server itself ends it. */
  readonly isControl: boolean
  readonly answer: Answer
  /** What the attacker counted. */
  readonly attack: Counted
  /** What the server counted. */
  readonly server: { readonly before: number; readonly response: number }
}

interface Counted {
  readonly connections: number
  readonly passedBefore: number
  readonly passed: number
  readonly total: number
}

export function resultOf(answer: Answer): Result {
  switch (answer.kind) {
    case 'accepted':
      if (answer.bytes > bodyLength) throw new Error(`A body of ${bodyLength} bytes was read as ${answer.bytes}`)
      return answer.bytes === bodyLength ? 'whole' : 'cut-accepted'
    case 'failed':
      return 'error'
    case 'hang':
    case 'crash':
      return answer.kind
  }
}

/** Positions from which on the body, and from which on its end by framing, have passed. */
function endsOf(
  sweep: Pick<Sweep, 'framing'>,
  layout: Layout,
): { readonly head: number; readonly body: number; readonly framed: number } {
  const boundaries = boundariesOf(layout)
  const { pieces, piecesWithBody } = responseOf(sweep.framing)
  const end = (count: number): number => boundaries[count - 1] ?? Number.NaN
  return { head: end(1), body: end(piecesWithBody), framed: end(pieces.length) }
}

export function cellOf(sweep: Sweep, runs: readonly Run[], layout: Layout): Cell {
  const cuts = runs.filter((run) => !run.isControl)
  const { head, body } = endsOf(sweep, layout)
  const insideBody = cuts.filter(({ position }) => position >= head && position < body)
  const count = (among: readonly Run[], result: Result): number =>
    among.filter(({ answer }) => resultOf(answer) === result).length
  const measures = present({
    ...Object.fromEntries(
      results.map((result) => [
        result,
        share(
          count(cuts, result),
          cuts.length,
          result === 'cut-accepted' || result === 'crash' || result === 'hang' ? 'lower' : 'neither',
        ),
      ]),
    ),
    'body cut-accepted': share(count(insideBody, 'cut-accepted'), insideBody.length, 'lower'),
  })
  return { question: 'truncation', parameters: sweep, measures }
}

export function checksOf(runs: readonly Run[], layouts: ReadonlyMap<Framing, Layout>, where: string): readonly Check[] {
  const check = (name: string, expected: string, wrong: readonly Run[], of: readonly Run[]): Check => ({
    name,
    question: 'truncation',
    where,
    expected,
    found: `${of.length - wrong.length} of ${of.length}${wrong[0] === undefined ? '' : `, not ${describe(wrong[0])}`}`,
    passed: of.length > 0 && wrong.length === 0,
  })
  const layoutOfRun = ({ sweep }: Run): Layout | undefined => layouts.get(sweep.framing)
  const controls = runs.filter(({ isControl }) => isControl)
  const cuts = runs.filter(({ isControl }) => !isControl)
  const promised = cuts.filter(({ sweep }) => sweep.policy === 'onTruncation: error')
  const checks = [
    check(
      'a response that is not cut is whole',
      'each control is whole',
      controls.filter(({ answer }) => resultOf(answer) !== 'whole'),
      controls,
    ),
    check(
      'the attacker cut where it was told to',
      'bytes that the client was sent equal the position',
      runs.filter(({ position, attack }) => attack.passed !== position),
      runs,
    ),
    check(
      'the attacker knew where the response began',
      'its bytes before the response, and of it, equal those that the server counted',
      runs.filter((run) => {
        const { attack, server } = run
        const layout = layoutOfRun(run)
        return (
          layout === undefined ||
          attack.passedBefore !== server.before ||
          attack.total !== server.response ||
          attack.total !== totalOf(layout)
        )
      }),
      runs,
    ),
    check(
      'a request is one connection',
      'one connection each',
      runs.filter(({ attack }) => attack.connections !== 1),
      runs,
    ),
  ]
  for (const [framing, layout] of layouts) checks.push(layoutCheck(framing, layout, where))
  if (promised.length === 0) return checks
  const framed = promised.filter((run) => {
    const layout = layoutOfRun(run)
    return (
      layout !== undefined &&
      run.sweep.framing !== 'close-delimited' &&
      run.position >= endsOf(run.sweep, layout).framed
    )
  })
  return [
    ...checks,
    check(
      'with onTruncation: error no cut is accepted',
      'no cut body is taken for whole',
      promised.filter(({ answer }) => resultOf(answer) === 'cut-accepted'),
      promised,
    ),
    check(
      'with onTruncation: error what is whole by its framing does not fail',
      'each is whole',
      framed.filter(({ answer }) => resultOf(answer) !== 'whole'),
      framed,
    ),
  ]
}

/** What is taken for the response has a record for each of its pieces, as much longer as all others are, and an alert. */
export function layoutCheck(framing: Framing, { response }: Layout, where: string): Check {
  const lengths = [...responseOf(framing).pieces.map((piece) => piece.length), alertLength]
  const overheads = new Set(response.map((length, index) => length - (lengths[index] ?? Number.NaN)))
  return {
    name: 'the records are those of the response',
    question: 'truncation',
    where: `${where} framing=${framing}`,
    expected: `${lengths.length} records, each longer than its piece by the same number of bytes`,
    found: `${response.length} records, longer by ${[...overheads].join(', ')}`,
    passed: response.length === lengths.length && overheads.size === 1,
  }
}

const alertLength = 2

/** The program is the one that its cells name. */
export function versionCheck(client: string, version: string, where: string): Check {
  return {
    name: 'the client says its version',
    question: 'truncation',
    where,
    expected: `a version of ${client}`,
    found: version === '' ? 'nothing' : version,
    passed: /\d+\.\d+/.test(version),
  }
}

function describe({ sweep, position, answer, attack, server }: Run): string {
  const detail =
    answer.kind === 'accepted' ? `${answer.kind} ${answer.bytes}` : answer.kind === 'failed' ? answer.code : answer.kind
  return (
    `${sweep.client} ${sweep.framing} ${sweep.protocol} ${sweep.ending} ${sweep.policy} at ${position}: ${detail}; ` +
    `${attack.connections} connections, ${attack.passedBefore} + ${attack.passed} of ${attack.total} bytes passed, ` +
    `${server.before} + ${server.response} sent`
  )
}
