import type { Measure } from './cell.js'

export function formatMeasure(measure: Measure): string {
  return JSON.stringify(measure)
}
