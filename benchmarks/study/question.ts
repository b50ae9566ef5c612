/**
 * What a question of the study gives to the program that asks all of them. Each has a folder of its own, with an
 * `index.ts` that exports a `Question`.
 */
import type { Cell, Check, Parameters, QuestionName } from './cell.js'

export interface Question {
  readonly name: QuestionName
  /** A line for people: 'What closing costs the side that closes first'. */
  readonly title: string
  /** What each measure and each parameter means, for the report and for the file: how it is defined, not what came out. */
  readonly definitions: Readonly<Record<string, string>>
  /**
   * The parameters in which cells may differ and still scatter alike from visit to visit, in the unit of each measure:
   * visits.ts pools over them. Without it each cell stands for itself.
   */
  readonly alikeOver?: readonly string[]
  /** The parts that it can be measured in. Nothing is started here; what a machine lacks is told by `needs`. */
  blocks(): Promise<readonly Block[]> | readonly Block[]
  readonly presentation: Presentation
}

/**
 * A part of a question that is measured together: the sides that are compared stand in one block, so that they
 * alternate. It is measured in one go or in several visits; a run that was interrupted goes on with the next one.
 */
export interface Block {
  /** The same in each run; of the form of a cell's id without the parameters that vary inside: 'latency rtt=10 …'. */
  readonly id: string
  /** The cells that it will measure. */
  readonly cells: readonly Parameters[]
  /** What the machine has to have. A block of which a need is not met is named before the run and left out. */
  readonly needs: readonly Need[]
  /** How long it takes at scale 1 on two cores, in seconds, all visits; the sum of the study is below 40 minutes. */
  readonly seconds: number
  /** In how many visits, spread over the run, it is measured at scale 1: each takes its part of the samples. 1 by default. */
  readonly visits?: number
  /** Measures one visit. Leaves nothing behind: no process, no file, no namespace, also when it throws or is aborted. */
  run(context: RunContext): Promise<BlockResult>
}

export interface BlockResult {
  readonly cells: readonly Cell[]
  readonly checks: readonly Check[]
}

export interface RunContext {
  /** Seeded: the order of things, and the bootstrap. */
  readonly random: () => number
  /**
   * How much of the samples of a full run this visit is to take, above 0, at most 1. A block takes at least what makes
   * sense (say 8 of each); a cell of too few says itself that its interval is too wide.
   */
  readonly scale: number
  /** How much of the warm-up of a full run: each visit warms its processes up anew. */
  readonly warmUp: number
  /** Aborted by Ctrl-C: stop soon, clean up, throw `signal.reason`. */
  readonly signal: AbortSignal
  /** From 0 to 1. */
  progress(fraction: number): void
}

/** Something that a machine may lack. The same object is looked at once per run. */
export interface Need {
  /** 'root', 'python3', '20,000 open files': for messages. */
  readonly name: string
  /** Resolves with why it is not there and what to do, or with undefined where it is. Never rejects. */
  missing(): Promise<string | undefined>
}

/** How a question is shown. Everything is computed from the cells, of which any may be absent. */
export interface Presentation {
  /** One or two sentences that answer the question, with figures. */
  answer(cells: readonly Cell[]): string
  charts(cells: readonly Cell[]): readonly Chart[]
  table(cells: readonly Cell[]): Table
}

export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** A chart, without saying by what it is drawn. */
export interface Chart {
  /** The name of its SVG file, without the ending: 'latency-by-rtt'. */
  readonly name: string
  readonly title: string
  /** What it says, for those who do not see it. */
  readonly description: string
  readonly kind: 'bars' | 'lines'
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly ChartSeries[]
}

export interface Axis {
  readonly label: string
  /** 'category' takes the x of the points as they come, as text. */
  readonly scale: 'category' | 'linear' | 'log'
}

export interface ChartSeries {
  readonly name: string
  /** 'limit' is a line that nothing can go below: drawn thin, dashed, without points. */
  readonly role: 'measured' | 'limit'
  readonly points: readonly ChartPoint[]
}

export interface ChartPoint {
  readonly x: string | number
  readonly y: number
  /** The interval, drawn as a whisker. */
  readonly low?: number
  readonly high?: number
}
