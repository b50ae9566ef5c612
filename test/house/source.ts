/** The files of lib: what they import, and which members of Node's they touch. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const lib = fileURLToPath(new URL('../../lib', import.meta.url))

export interface SourceFile {
  /** Below lib. */
  readonly file: string
  readonly text: string
  /** Files below lib that it imports, types too. */
  readonly imports: readonly string[]
}

export function sourceFiles(): readonly SourceFile[] {
  const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  return files.map((file) => {
    const text = readFileSync(path.join(lib, file), 'utf8')
    const found = [...text.matchAll(/(?:from |import\()'(\.[^']+)'/g)].map(([, name = '']) => name)
    return { file, text, imports: found.map((name) => path.join(path.dirname(file), name).replace(/\.js$/, '.ts')) }
  })
}

/** The first folder of a file, or the file itself beside the rooms. */
export function roomOf(file: string): string {
  return file.split('/')[0] ?? file
}

/** The first circle of imports, as a chain of files. */
export function circleAmong(files: readonly Pick<SourceFile, 'file' | 'imports'>[]): readonly string[] | undefined {
  const importsOf = new Map(files.map(({ file, imports }) => [file, imports]))
  const done = new Set<string>()
  const visit = (file: string, chain: readonly string[]): readonly string[] | undefined => {
    if (chain.includes(file)) return [...chain.slice(chain.indexOf(file)), file]
    if (done.has(file)) return undefined
    for (const next of importsOf.get(file) ?? []) {
      const circle = visit(next, [...chain, file])
      if (circle !== undefined) return circle
    }
    done.add(file)
    return undefined
  }
  for (const { file } of files) {
    const circle = visit(file, [])
    if (circle !== undefined) return circle
  }
  return undefined
}

// Each way in which a member is reached by its name.
const reaches: readonly RegExp[] = [
  /Reflect\.(?:get|set|has|deleteProperty|defineProperty)\(\s*[\w.#]+,\s*'(\w+)'/g,
  /'(\w+)' in [\w.]+/g,
  /(?:wrapMethod|wrapRemovably|replaceRemovably|standBeforeOwn)\(\s*[\w.#]+,\s*'(\w+)'/g,
  /\.description === '(\w+)'/g,
  /\.name\.includes\('(\w+)'\)/g,
  /\.(_[a-zA-Z]\w*)/g,
]

// Methods that functions of ours stand before: `standIns(slot, { name: (…) => …, })`.
const standing = /standIns\(\w+, \{([\s\S]*?)\}\)$/gm

/** Members of objects that are not ours, by name. */
export function membersReached(text: string): ReadonlySet<string> {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  const stoodBefore = [...code.matchAll(standing)].flatMap(([, acts = '']) => [...acts.matchAll(/(\w+): \(/g)])
  const reached = [...reaches.flatMap((pattern) => [...code.matchAll(pattern)]), ...stoodBefore]
  return new Set(reached.map(([, name = '']) => name))
}
