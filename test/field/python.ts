import { sourceFile } from '../../benchmarks/support/source-file.js'
import { wordsOf } from './client.js'
import { programOf } from './programs.js'

/** A program of ours for the Python of .cache/peers, with its modules. */
export function pythonWords(script: string): readonly string[] {
  const python = programOf('python', 'python3')
  const modules = `${python.root}/usr/lib/python3/dist-packages`
  return wordsOf(python, [sourceFile(`test/field/programs/${script}`)], { PYTHONPATH: modules })
}
