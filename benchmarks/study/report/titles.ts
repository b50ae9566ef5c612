import { formatNumber } from '../format.js'
import type { Axis, ChartPoint, ChartSeries } from '../question.js'
import { tickLabel } from './scale.js'

/** `quiet, round trip time 10 ms: 1.23 [1.20, 1.27] ms`. */
export function titleOf({ name }: ChartSeries, { x, y, low, high }: ChartPoint, axes: { x: Axis; y: Axis }): string {
  const interval = low === undefined || high === undefined ? '' : ` [${formatNumber(low)}, ${formatNumber(high)}]`
  const place = typeof x === 'number' ? tickLabel(x) : x
  return `${name}, ${axes.x.label} ${place}: ${formatNumber(y)}${interval} ${axes.y.label}`
}
