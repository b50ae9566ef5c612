// Tables of options whose checks may depend on the library, and whose defaults are mostly the library's own: the check of
// undefined is what is then in force, undefined where the library decides.
import { checkEach, hasAll } from '../options.js'
import type { LibraryIdentity } from './identity.js'

type LibraryRule = (name: string, value: unknown, library: LibraryIdentity) => unknown

/** The table of an options object: every option, and no other. */
export type LibraryRules<Options> = { readonly [K in keyof Options]-?: LibraryRule }

/** The options in the form in which the addon takes them. */
export type CheckedByRules<Rules extends Readonly<Record<string, LibraryRule>>> = {
  readonly [K in keyof Rules]: ReturnType<Rules[K]>
}

/** Checks every option by its table. */
export function checkByRules<Rules extends Readonly<Record<string, LibraryRule>>>(
  rules: Rules,
  given: object | undefined,
  library: LibraryIdentity,
): CheckedByRules<Rules> {
  const checked = checkEach(rules, given, (name, value, check) => check(name, value, library))
  if (!hasAll<CheckedByRules<Rules>>(rules, checked)) throw new Error('an option was not checked')
  return checked
}
