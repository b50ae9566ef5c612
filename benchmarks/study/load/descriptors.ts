/** Open files: counted in the kernel, and from what the server has noted about each connection. */
import { readdir } from 'node:fs/promises'
import type { Need } from '../question.js'

/** ms of the monotonic clock that all processes of the machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** A span of that clock. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** A count of open files at a moment. */
export interface Count {
  readonly at: number
  readonly open: number
}

export const processFileSystem: Need = {
  name: '/proc/PID/fd',
  async missing() {
    try {
      await openFilesOf(process.pid)
      return undefined
    } catch {
      return '/proc/PID/fd cannot be read: open files of another process cannot be counted here'
    }
  },
}

export async function openFilesOf(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length
}

/** The time that all spans have within a window, in ms: by its length, how many there were at a time. */
export function overlap(spans: readonly Span[], window: Span): number {
  let sum = 0
  for (const { from, to } of spans) sum += Math.max(0, Math.min(to, window.to) - Math.max(from, window.from))
  return sum
}

/** How many spans there were at a moment. */
export function openAt(spans: readonly Span[], at: number): number {
  return spans.filter(({ from, to }) => from <= at && at < to).length
}

/** How many spans there were over time: the mean of each step, at its middle, in ms from the window's beginning. */
export function openOverTime(
  spans: readonly Span[],
  window: Span,
  step: number,
): readonly (readonly [number, number])[] {
  const points: (readonly [number, number])[] = []
  for (let from = window.from; from + step <= window.to; from += step) {
    const open = overlap(spans, { from, to: from + step }) / step
    points.push([from + step / 2 - window.from, Number(open.toFixed(2))])
  }
  return points
}

/** The formula: open files of a server that closes so many connections per second; RTT and budget in ms. */
export function heldByFormula(closesPerSecond: number, rtt: number, silentPercent: number, budget: number): number {
  return (closesPerSecond * (rtt + (silentPercent / 100) * budget)) / 1000
}
