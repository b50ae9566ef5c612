/**
 * What the study measures, as it stands in its file: cells with measures, and checks of the instruments. The form is
 * versioned (`schemaVersion` in result.ts) and described by study.schema.json, which a test holds against these types.
 */
import type { Interval } from '../support/statistics.js'

export const questionNames = ['latency', 'load', 'loss', 'truncation', 'builds', 'overhead'] as const
export type QuestionName = (typeof questionNames)[number]

/** What a cell is measured under: `{ network: 'relay', rtt: 10, protocol: 'TLSv1.3', peer: 'answers', side: 'end()' }`. */
export type Parameters = Readonly<Record<string, string | number>>

/** One combination of parameters, with all that was measured under it. */
export interface Cell {
  readonly question: QuestionName
  readonly parameters: Parameters
  /** By name, in the words of the question: `done`, `delivered`. One that could not be known is not here. */
  readonly measures: Readonly<Record<string, Measure>>
  /** Why a measure that others of the question have is not here, by its name. */
  readonly absent?: Readonly<Record<string, string>>
  /** Which visit to its block it is of, from 0; only while other visits are to come (visits.ts). */
  readonly visit?: number
}

export type Measure = Distribution | Differences | Share | Amount | Series

/** `us` is microseconds. A ratio has no unit. */
export type Unit = 'ms' | 'us' | 'ns' | 'bytes' | 'count' | 'per second' | 'descriptor seconds' | 'ratio'

/** Which way a figure is better, for comparing two runs; `neither` is never judged. */
export type Better = 'lower' | 'higher' | 'neither'

interface Summary {
  readonly unit: Unit
  readonly better: Better
  readonly count: number
  /** Absent where the interval is too wide for a figure to be given. */
  readonly median?: number
  /**
   * In which the median of another such run is expected with a probability of 95 %; absent where there are too few
   * values. It is wider than an interval of the true median, for the other run is as uncertain as this one.
   */
  readonly interval?: Interval
  /** How wide the interval may be for the median to be given: the greater of a part of it, and an amount in the unit. */
  readonly precision?: { readonly relative: number; readonly absolute: number }
  /** The medians of the visits to the block, where there was more than one. */
  readonly visits?: readonly number[]
  readonly min: number
  readonly max: number
}

/** Values that are never below zero, all of them: an HDR histogram. */
export interface Distribution extends Summary {
  readonly kind: 'distribution'
  readonly p90: number
  readonly p99: number
  /** HDR histogram V2, compressed, base64, of the values times `scale`, three significant digits. */
  readonly histogram: string
  readonly scale: number
}

/** Values that can be below zero: each beside a value of its own moment, such as a closing minus the echo next to it. */
export interface Differences extends Summary {
  readonly kind: 'differences'
  readonly values: readonly number[]
}

/** How many of so many. */
export interface Share {
  readonly kind: 'share'
  readonly better: Better
  readonly hits: number
  readonly of: number
  /** 95 % interval of the share, from 0 to 1 (Wilson). */
  readonly interval: Interval
}

/** One figure that is counted, not sampled. */
export interface Amount {
  readonly kind: 'amount'
  readonly unit: Unit
  readonly better: Better
  readonly value: number
  /** What is made of several visits; the mean where it is absent. */
  readonly of?: 'least'
}

/** A figure over time, for a chart: never compared. */
export interface Series {
  readonly kind: 'series'
  readonly unit: Unit
  /** [ms since the beginning, value]. */
  readonly points: readonly (readonly [number, number])[]
}

/** What has to hold if the instruments are right, whatever is measured. */
export interface Check {
  readonly name: string
  readonly question: QuestionName
  /** What was looked at: the block, or the cells. */
  readonly where: string
  readonly expected: string
  readonly found: string
  readonly passed: boolean
}

/** The name of a cell, the same in each run: `latency network=relay rtt=10 protocol=TLSv1.3 peer=answers side=end()`. */
export function cellId({ question, parameters }: Pick<Cell, 'question' | 'parameters'>): string {
  return [question, ...Object.entries(parameters).map(([name, value]) => `${name}=${value}`)].join(' ')
}
