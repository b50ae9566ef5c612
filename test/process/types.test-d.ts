import { expectTypeOf, test } from 'vitest'
import { type ClosureControl, controlProcess, type PolicyOverride, type ProcessPolicy } from '../../lib/index.js'
import { control } from '../../lib/process/register.js'

test('the policy of a process', () => {
  expectTypeOf(controlProcess).parameters.toEqualTypeOf<[policy?: ProcessPolicy | undefined]>()
  expectTypeOf(controlProcess).returns.toEqualTypeOf<ClosureControl>()
  expectTypeOf(control).toEqualTypeOf<ClosureControl>()
  expectTypeOf({
    mode: 'quiet',
    servers: 'off',
    overrides: [{ port: 443, off: true }],
  } as const).toExtend<ProcessPolicy>()
  // An option of all connections together is none of one of them.
  expectTypeOf<PolicyOverride>().not.toHaveProperty('maxWaiting')
  // @ts-expect-error: one of the modes, not any string
  expectTypeOf({ clients: { mode: 'loud' } } as const).toExtend<ProcessPolicy>()
  // @ts-expect-error: a side has no sides
  controlProcess({ servers: { clients: 'off' } })
})
