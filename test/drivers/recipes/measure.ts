/** One subject: its server, and pairs of blocks in fresh processes, in an order that changes from pair to pair. */
import { takeTurns } from '../../../benchmarks/study/overhead/turns.js'
import { makePlace } from '../../field/place.js'
import { environmentOf, reasonsOf } from '../round.js'
import { runNode } from '../run-program.js'
import { type RoundServer, type StartedServer, servers } from '../servers/index.js'
import { type Block, blockOf } from './block.js'
import { type Figures, figuresOf, type Pair, type Turn, turns } from './figures.js'
import { recipeForPort, recipeOf } from './page-recipes.js'
import type { Subject } from './subjects.js'

export type SubjectResult =
  | {
      readonly outcome: 'measured'
      readonly name: string
      /** As it was run. */
      readonly recipe: string
      readonly figures: Figures
      readonly pairs: readonly Pair[]
    }
  /** The server could not be started, or a program did not do its work. */
  | { readonly outcome: 'failed'; readonly name: string; readonly why: string }
  | { readonly outcome: 'not-fetched' | 'left-out'; readonly name: string; readonly why: string }

export interface RecipeSettings {
  /** Connections of a block. */
  readonly connections: number
  readonly pairs: number
  readonly folder: string
  readonly signal: AbortSignal
  readonly onPair: (pair: number) => void
}

export async function measureSubject(subject: Subject, settings: RecipeSettings): Promise<SubjectResult> {
  const { name } = subject
  try {
    return { outcome: 'measured', name, ...(await measure(subject, settings)) }
  } catch (error) {
    settings.signal.throwIfAborted()
    return { outcome: 'failed', name, why: reasonsOf(error) }
  }
}

async function measure(subject: Subject, settings: RecipeSettings) {
  const place = await makePlace(subject.name)
  let server: StartedServer | undefined
  try {
    const wanted: RoundServer = servers[subject.server]
    server = await wanted.start(place)
    const recipe = codeFor(subject, server)
    const env = { ...environmentOf(place, server), DRIVERS_CONNECTIONS: String(settings.connections) }
    const pairs: Pair[] = []
    for (let pair = 0; pair < settings.pairs; pair++) {
      settings.onPair(pair)
      const of = await takeTurns(turns, pair, (turn) => runBlock(subject, turn, recipe, { ...settings, env }))
      pairs.push({ stock: of('stock'), recipe: of('recipe'), again: of('again') })
    }
    return { recipe, pairs, figures: figuresOf(pairs) }
  } finally {
    await server?.stop()
    await place.remove()
  }
}

function codeFor({ recipe, port }: Subject, server: StartedServer): string {
  return port === undefined ? recipeOf(recipe) : recipeForPort(recipe, { from: port, to: server.port })
}

async function runBlock(
  { name }: Subject,
  turn: Turn,
  recipe: string,
  {
    folder,
    signal,
    env,
  }: Pick<RecipeSettings, 'folder' | 'signal'> & { readonly env: Readonly<Record<string, string>> },
): Promise<Block> {
  const given = turn === 'recipe' ? { ...env, DRIVERS_RECIPE: recipe } : env
  return blockOf(await runNode([`./recipes/${name}.mjs`], { folder, signal, env: given }))
}
