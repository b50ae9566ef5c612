/** What a run will measure: the blocks that were asked for, in a seeded order, without those that the machine cannot. */
import { shuffle } from 'simple-statistics'
import { seededRandom } from '../support/random.js'
import { cellId } from './cell.js'
import type { Cell, Parameters } from './cell.js'
import type { Block, Need, Question } from './question.js'
import type { Settings, StudyResult } from './result.js'
import { shortForm } from './short-form.js'

/** A block, and whose it is. */
export interface Step {
  readonly question: Question
  readonly block: Block
}

/** One of the times at which a block is measured. */
export interface Visit extends Step {
  /** From 0. */
  readonly visit: number
  readonly visits: number
}

/** All blocks of the questions that hold a cell which was asked for, in the order of the questions. */
export async function stepsOf(questions: readonly Question[], words: readonly string[]): Promise<readonly Step[]> {
  const steps: Step[] = []
  for (const question of questions) {
    for (const block of await question.blocks()) {
      if (block.cells.some((parameters) => holds(parameters, words))) steps.push({ question, block })
    }
  }
  return steps
}

/** Whether a cell has all of the parameters, each as 'rtt=10'. */
function holds(parameters: Parameters, words: readonly string[]): boolean {
  const own = Object.entries(parameters).map(([name, value]) => `${name}=${value}`)
  return words.every((word) => own.includes(word))
}

/** Those of the short form. */
export function inShortForm(steps: readonly Step[]): readonly Step[] {
  const wanted: readonly string[] = shortForm.blocks
  return steps.filter(({ block }) => wanted.includes(block.id))
}

/** What a block takes for its processes and its warm-up, however few samples are taken; about so much, in seconds. */
const startUp = 3

/** The part of the samples with which the steps take so many seconds, at most 1; undefined where that is too little. */
export function scaleFor(steps: readonly Step[], seconds: number): number | undefined {
  const least = secondsOf(steps, 0)
  if (seconds <= least) return undefined
  return Math.min(1, (seconds - least) / (secondsOf(steps, 1) - least))
}

export function secondsOf(steps: readonly Step[], scale: number): number {
  return steps.reduce((sum, { block }) => {
    const fixed = Math.min(startUp, block.seconds / visitsOf(block, 1))
    const samples = block.seconds - fixed * visitsOf(block, 1)
    return sum + fixed * visitsOf(block, scale) + samples * scale
  }, 0)
}

/** Fewer samples are taken in fewer visits: each takes its time to start. */
function visitsOf({ visits = 1 }: Block, scale: number): number {
  return Math.max(1, Math.round(visits * scale))
}

/**
 * All visits in an order that is the same for the same seed, whatever has been measured before. Those of a block are
 * spread: of four, one lies in each quarter of the run.
 */
export function inOrder(steps: readonly Step[], { seed, scale }: Settings): readonly Visit[] {
  const random = seededRandom(seed)
  const placed = shuffle([...steps], random).flatMap((step) => {
    const visits = visitsOf(step.block, scale)
    return Array.from({ length: visits }, (_value, visit) => {
      return { place: (visit + random()) / visits, visit: { ...step, visit, visits } }
    })
  })
  return placed.toSorted((a, b) => a.place - b.place).map(({ visit }) => visit)
}

/** The result with its cells in the order of the steps, as people read them, and not as they were measured. */
export function inReadingOrder(result: StudyResult, steps: readonly Step[]): StudyResult {
  const places = new Map<string, number>()
  for (const { question, block } of steps) {
    for (const parameters of block.cells) places.set(cellId({ question: question.name, parameters }), places.size)
  }
  const place = (cell: Cell): number => places.get(cellId(cell)) ?? places.size
  return { ...result, cells: result.cells.toSorted((a, b) => place(a) - place(b)) }
}

/** A seed of its own for each visit, so that a run that was gone on with takes the same as one in one go. */
export function seedOf({ block, visit }: Visit, { seed }: Settings): number {
  let mixed = (seed + visit) >>> 0
  for (const character of block.id) mixed = (Math.imul(mixed ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0) + 1
  return mixed >>> 0
}

/** Tells the steps that can be measured here from those that cannot, and why not. */
export async function possible(
  steps: readonly Step[],
): Promise<{ readonly steps: readonly Step[]; readonly leftOut: StudyResult['leftOut'] }> {
  const asked = new Map<Need, Promise<string | undefined>>()
  const missing = (need: Need): Promise<string | undefined> => {
    const answer = asked.get(need) ?? need.missing()
    asked.set(need, answer)
    return answer
  }
  const able: Step[] = []
  const leftOut: { block: string; why: string }[] = []
  for (const step of steps) {
    const reasons = (await Promise.all(step.block.needs.map(missing))).filter((why) => why !== undefined)
    if (reasons.length === 0) able.push(step)
    else leftOut.push({ block: step.block.id, why: reasons.join('; ') })
  }
  return { steps: able, leftOut }
}
