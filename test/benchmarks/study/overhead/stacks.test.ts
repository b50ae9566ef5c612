/** A stack of perf belongs to whose code it was in: the innermost JavaScript, or who is known by name. */
import { expect, test } from 'vitest'
import { kinds, totalOf } from '../../../../benchmarks/study/overhead/policy/profile-summary.js'
import { StackReader } from '../../../../benchmarks/study/overhead/policy/stacks.js'

const take = '   7f8b7200b0b6 JS:^take file:///somewhere/dist/lib/policy/control.js:16:42 (/tmp/perf-1.map)'
const emit = '   7f8b72050dfd JS:*emit node:events:471:44 (/tmp/perf-1.map)'
const load = '   7f8b0000e0cc Builtins_LoadIC (/usr/bin/node)'
const read = '        165c305 SSL_read (/usr/bin/node)'
const info = '          55b69 close_notify::node::(anonymous namespace)::on_info(void*) (/somewhere/close_notify.node)'
const wrap = '         aa944a node::crypto::TLSWrap::ClearOut() (/usr/bin/node)'
const collect = '         c494db v8::internal::Heap::CollectGarbage (/usr/bin/node)'
const compile = '         c494db v8::internal::compiler::PipelineImpl::OptimizeGraph (/usr/bin/node)'
const anonymous = '   7f8b7200b0b6 JS:~ node:_http_server:1:1 (/tmp/perf-1.map)'

test.each([
  ['JavaScript of ours', 1, [take, emit], 'ours', 'policy/control.js:16 take'],
  ['what JavaScript of ours called', 1, [load, take, emit], 'ours native', 'V8 < policy/control.js:16 take'],
  ['the addon, called by OpenSSL', 1, [info, read], 'ours native', 'close_notify::node::on_info'],
  ['Node inside a callback of the addon', 1, [emit, info, read], 'node', 'node:events:471 emit'],
  ['a function without a name', 1, [anonymous], 'node', 'node:_http_server:1 (anonymous)'],
  [
    'native code that Node called',
    1,
    [read, wrap, emit],
    'native',
    'node::crypto::TLSWrap::ClearOut < node:events:471 emit',
  ],
  [
    'the addon, called by OpenSSL below Node',
    1,
    [info, read, wrap, emit],
    'ours native',
    'close_notify::node::on_info < node:events:471 emit',
  ],
  ['Node, called by the addon', 1, [load, wrap, info, read], 'outside', 'node::crypto::TLSWrap::ClearOut'],
  ['native code that nobody called', 1, [read], 'outside', 'SSL_read'],
  ['a collection that our allocation began', 1, [load, collect, take], 'gc', 'on the main thread'],
  ['another thread that compiles', 2, [compile], 'threads', 'compiling'],
  ['another thread that collects', 2, [collect], 'threads', 'collecting garbage'],
] as const)('%s', (_title, thread, frames, kind, name) => {
  const reader = new StackReader(1, 200)
  for (const line of [`    ${thread} `, ...frames, '', '']) reader.read(line)
  const sums = reader.end()
  expect([...(sums.get(kind) ?? [])]).toEqual([[name, 200]])
  expect(kinds.reduce((sum, each) => sum + totalOf(sums, each), 0)).toBe(200)
})
