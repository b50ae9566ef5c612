/**
 * Compiles the process that closes, for a Node that strips no types: every file it may import, one by one, into a
 * folder of its own below the package, so that nobody else's output is touched.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../..', import.meta.url))
const sources = ['lib', 'test/stress', 'test/support', 'benchmarks/support']

export interface Program {
  readonly file: string
  /** To be added to the environment: the folder has no addon of its own. */
  readonly env: Readonly<Record<string, string>>
  readonly remove: () => void
}

/** Compiles a process, named as below test/stress and without its extension. */
export function compileProgram(name: string): Program {
  const cache = path.join(root, '.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(path.join(cache, 'stress-'))
  for (const source of sources.flatMap(filesBelow)) {
    const { outputText } = ts.transpileModule(readFileSync(path.join(root, source), 'utf8'), {
      fileName: source,
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    })
    const target = path.join(folder, source.replace(/\.ts$/, '.js'))
    mkdirSync(path.dirname(target), { recursive: true })
    writeFileSync(target, outputText)
  }
  const binary = process.env['CLOSE_NOTIFY_BINARY'] ?? path.join(root, 'build/Release/close_notify.node')
  return {
    file: path.join(folder, `test/stress/${name}.js`),
    env: { CLOSE_NOTIFY_BINARY: binary },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.(test|test-d|d)\.ts$/.test(name))
    .map((name) => path.posix.join(folder, name.replaceAll('\\', '/')))
}
