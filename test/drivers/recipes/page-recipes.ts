/** The code of the recipes, as docs/operation.md has it. */
import { readFileSync } from 'node:fs'
import { sourceFile } from '../../../benchmarks/support/source-file.js'

/** The first block of code below a heading; what stands below it is for programs of another kind. */
export function recipeOf(title: string): string {
  const page = readFileSync(sourceFile('docs/operation.md'), 'utf8')
  const section = page.split(/^### /m).find((each) => each.startsWith(`${title}\n`))
  const code = /^```js recipe\n([\s\S]*?)^```$/m.exec(section ?? '')?.[1]
  if (code === undefined) throw new Error(`Expected a recipe "${title}" in docs/operation.md`)
  return code
}

/** The same for a server that has another port here. */
export function recipeForPort(title: string, { from, to }: { readonly from: number; readonly to: number }): string {
  const code = recipeOf(title)
  const changed = code.replaceAll(`port: ${from}`, `port: ${to}`)
  if (changed === code) throw new Error(`Expected port ${from} in the recipe "${title}" of docs/operation.md`)
  return changed
}
