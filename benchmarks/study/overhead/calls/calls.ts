/** What single calls cost from JavaScript, beside the same calls in C. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { shuffle } from 'simple-statistics'
import { certificate, key } from '../../../support/certificate.js'
import { type Child, moduleCommand, startChild } from '../../../support/child.js'
import { cCompiler, compileC, type Compiled } from '../../../support/compile.js'
import { sourceFile } from '../../../support/source-file.js'
import type { Cell, Check } from '../../cell.js'
import { distribution, present } from '../../measures.js'
import type { Block, BlockResult, RunContext } from '../../question.js'
import { withChildren } from '../children.js'
import { medianOf, ratios } from '../ratios.js'
import { type CallName, callNames, inOpenSSL } from './names.js'

/** The engine is over the same libssl as C; closureOf is over Node's. */
export const callSides = ['C', 'C again', 'engine', 'closureOf'] as const
export type CallSide = (typeof callSides)[number]

const rounds = 60
const warmUpRounds = 15

const program = pathToFileURL(sourceFile('dist/benchmarks/study/overhead/calls/calls-process.js'))

export const callsBlock: Block = {
  id: 'overhead topic=calls',
  cells: callNames.flatMap((name) => callSides.map((side) => parametersOf(name, side))),
  needs: [cCompiler],
  seconds: 15,
  visits: 4,
  run,
}

function parametersOf(name: CallName, side: CallSide) {
  return { topic: 'calls', call: inOpenSSL[name], side }
}

async function run(context: RunContext): Promise<BlockResult> {
  const compiled = await compileC('benchmarks/study/overhead/calls/calls.c')
  try {
    const files = await writeCredentials(compiled)
    const starts = callSides.map((side) => () => startChild({ name: side, command: commandOf(side, compiled, files) }))
    return await withChildren(starts, context.signal, async (children) => {
      const times = await measure(children, context)
      return { cells: cellsOf(times, context.random), checks: [neverCheaperThanC(times)] }
    })
  } finally {
    await compiled.remove()
  }
}

async function writeCredentials({ folder }: Compiled): Promise<readonly string[]> {
  const files = { 'certificate.pem': certificate, 'key.pem': key }
  const written = Object.entries(files).map(async ([name, content]) => {
    await writeFile(path.join(folder, name), content)
    return path.join(folder, name)
  })
  return Promise.all(written)
}

function commandOf(side: CallSide, { program: c, libssl }: Compiled, files: readonly string[]): [string, ...string[]] {
  if (side === 'engine') return moduleCommand(program, ['engine', libssl], ['--expose-gc'])
  if (side === 'closureOf') return moduleCommand(program, ['closureOf'], ['--expose-gc'])
  return [c, ...files]
}

/** ns per call of all rounds, in their order. */
export type CallTimes = ReadonlyMap<CallName, ReadonlyMap<CallSide, number[]>>

/** In each round each call is timed on each side, one after the other. */
async function measure(children: readonly Child[], context: RunContext): Promise<CallTimes> {
  const { random, scale, warmUp: warmUpScale } = context
  const times = new Map(callNames.map((name) => [name, new Map(callSides.map((side): Entry => [side, []]))] as const))
  const turns = callSides.flatMap((side, at) => {
    const child = children[at]
    return child === undefined ? [] : [{ side, child }]
  })
  const counted = Math.max(8, Math.round(rounds * scale))
  const warmUp = Math.max(3, Math.round(warmUpRounds * warmUpScale))
  for (let round = -warmUp; round < counted; round += 1) {
    for (const name of callNames) {
      for (const { side, child } of shuffle(turns, random)) {
        const ns = Number(await child.ask('sample', name))
        if (round >= 0) times.get(name)?.get(side)?.push(ns)
      }
    }
    context.progress((round + warmUp + 1) / (counted + warmUp))
  }
  return times
}

type Entry = [CallSide, number[]]

function cellsOf(times: CallTimes, random: () => number): readonly Cell[] {
  const cells: Cell[] = []
  for (const [name, sides] of times) {
    const base = sides.get('C') ?? []
    for (const [side, values] of sides) {
      const ratio = side === 'C' ? [] : ratios(values, base)
      cells.push({
        question: 'overhead',
        parameters: parametersOf(name, side),
        measures: present({
          time: distribution(
            values.map((ns) => ns / 1000),
            { unit: 'us', better: 'lower', precision: { relative: 0.2, absolute: 0.002 } },
            random,
          ),
          ratio: distribution(ratio, { unit: 'ratio', better: 'lower' }, random),
        }),
        ...(side === 'C' && { absent: { ratio: 'it is what the others are compared with' } }),
      })
    }
  }
  return cells
}

/** JavaScript calls C: a side that was cheaper would not have made the call. */
export function neverCheaperThanC(times: CallTimes): Check {
  const cheaper: string[] = []
  for (const [name, sides] of times) {
    // SSL_shutdown is mostly libssl's work: over another libssl, Node's, it may well be cheaper.
    const compared = name === 'sslShutdown' ? (['engine'] as const) : (['engine', 'closureOf'] as const)
    const least = medianOf(sides.get('C') ?? []) * 0.9
    // Not so: NaN, where nothing was measured, is no more either.
    for (const side of compared) {
      if (!(medianOf(sides.get(side) ?? []) >= least)) cheaper.push(`${inOpenSSL[name]} on the side ${side}`)
    }
  }
  return {
    name: 'no call is cheaper from JavaScript than from C',
    question: 'overhead',
    where: callsBlock.id,
    expected: 'at least 0.9 times the time of C',
    found: cheaper.length === 0 ? 'so it is' : `cheaper: ${cheaper.join(', ')}`,
    passed: cheaper.length === 0,
  }
}
