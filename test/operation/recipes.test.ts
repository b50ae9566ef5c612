/** Each recipe of docs/operation.md is code that runs: on a server, an agent and a process as they are. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import vm from 'node:vm'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type ClosureControl,
  type ClosurePolicy,
  type ClosureTarget,
  controlClosure,
  controlProcess,
  learnedWaiting,
  type ProcessPolicy,
} from '../../lib/index.js'

const page = readFileSync(new URL('../../docs/operation.md', import.meta.url), 'utf8')
const recipes: readonly Recipe[] = page.split(/^### /m).map((section) => ({
  title: section.slice(0, section.indexOf('\n')),
  codes: [...section.matchAll(/^```js recipe\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code),
}))

interface Recipe {
  readonly title: string
  readonly codes: readonly string[]
}

const withCode = recipes.filter(({ codes }) => codes.length > 0)

test('there is one for each kind of program', () => {
  expect(withCode.map(({ title }) => title)).toEqual([
    'A web server behind a proxy',
    'A public server',
    'A database client',
    'A mail client',
    'FTP',
    'MQTT',
  ])
})

describe.each(withCode)('$title', ({ codes }) => {
  test.each(codes.map((code) => ({ code })))('$code', ({ code }) => {
    const controls: ClosureControl[] = []
    const keep = (control: ClosureControl) => {
      controls.push(control)
      onTestFinished(() => {
        control.stop()
      })
      return control
    }
    const given = {
      server: createServer(),
      learnedWaiting,
      controlClosure: (target: ClosureTarget, policy: ClosurePolicy) => keep(controlClosure(target, policy)),
      controlProcess: (policy: ProcessPolicy) => keep(controlProcess(policy)),
    }
    const run: unknown = vm.compileFunction(code, Object.keys(given))
    if (typeof run !== 'function') throw new Error('expected a function')
    Reflect.apply(run, undefined, Object.values(given))
    expect(controls.map(({ active }) => active)).toEqual([true])
  })
})
