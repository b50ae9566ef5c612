import type { Row } from '../../../lab/compare/differences.js'

/** A build as a column. */
export interface Column {
  readonly id: string
  readonly label: string
}

/** Builds that share a column. */
export type Group = readonly Column[]

/** The cell of a build that has no such step. */
export const nothing = '–'

export function isMarked({ difference }: Row, { id }: Column): boolean {
  return difference !== undefined && Object.hasOwn(difference.otherwise, id)
}

/** Builds together whose texts are the same in every row. */
export function alikeThroughout(columns: readonly Column[], rows: readonly Row[]): readonly Group[] {
  return groupBy(columns, ({ id }) => JSON.stringify(rows.map(({ cells }) => cells.get(id) ?? null)))
}

/** In the order of the first of each. */
export function groupBy<T>(items: readonly T[], key: (item: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return [...groups.values()]
}
