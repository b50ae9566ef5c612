/** Whether a name is of a pattern, in which * stands for any text. */
export function matches(name: string, pattern: string): boolean {
  return new RegExp(`^${pattern.replaceAll(/[^\w*-]/g, '\\$&').replaceAll('*', '.*')}$`).test(name)
}
