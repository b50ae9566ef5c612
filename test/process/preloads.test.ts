// Other preloads beside ours, in either order: what they do is what they do without us, and every connection is reached.
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Ended, installedPackage } from './installed.js'

const { run, write } = installedPackage()

// With an enum, which takes more than to leave the types out.
beforeAll(() => {
  const program = readFileSync(new URL('programs/app.mjs', import.meta.url), 'utf8')
  const text = program.replace("'hello'", 'Answer.Hello').replace('const port =', 'const port: number =')
  write('app.mts', `${text}\nenum Answer { Hello = 'hello' }\n`)
})

// By the program: each order is compared with the same.
const withoutUs = new Map<string, Promise<Ended>>()

function alone(theirs: readonly string[], program: string): Promise<Ended> {
  const known = withoutUs.get(program) ?? run([...theirs, program])
  withoutUs.set(program, known)
  return known
}

const ours = ['--import', 'close-notify/register']

describe.each([
  ['tsx', ['--import', 'tsx'], 'app.mts', ['client', 'server']],
  ['OpenTelemetry, --require', ['--require', './traces.cjs'], 'app.cjs', ['client', 'client', 'server', 'server']],
  ['OpenTelemetry, --import', ['--import', './traces.mjs'], 'app.mjs', ['client', 'server']],
])('%s', (name, theirs, program, sides) => {
  // In the thread of such hooks, Node 22 takes no ES module by require().
  const isOfHooks = theirs.includes('./traces.mjs') && process.versions.node.startsWith('22.')
  const orders: readonly (readonly [string, readonly string[]])[] = [
    ['behind ours', [...ours, ...theirs]],
    ['before ours', [...theirs, ...ours]],
    ...(isOfHooks ? [] : [['ours by --require', [...theirs, '--require', 'close-notify/register']] as const]),
  ]
  test.each(orders)('%s', async (order, args) => {
    const stock = await alone(theirs, program)
    const { code, facts, stderr } = await run([...args, program])
    const [seen, traces] = facts
    expect({ code, stderr }).toEqual({ code: 0, stderr: stock.stderr })
    expect(seen).toMatchObject({ text: 'hello', reports: sides.map((side) => ({ side })) })
    // Our module imports node:net: behind the hook of OpenTelemetry's for ES modules that makes it trace net, too.
    const tracesMore = name.endsWith('--import') && order !== 'behind ours'
    if (tracesMore) expect(spansOf(traces)).toEqual(expect.arrayContaining([...spansOf(stock.facts[1])]))
    else expect(traces).toEqual(stock.facts[1])
  })
})

function spansOf(fact: unknown): readonly unknown[] {
  const spans: unknown = Reflect.get(Object(fact), 'spans')
  return Array.isArray(spans) ? spans : []
}
