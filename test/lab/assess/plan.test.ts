import { expect, test } from 'vitest'
import { planOf } from '../../../lib/lab/assess/plan.js'
import { nameOfRun } from '../../../lib/lab/assess/result.js'
import { serverProfileNames } from '../../../lib/lab/peers/profiles.js'

test('truncates is run in each framing, at the beginning, in the middle and at the end', () => {
  expect(planOf(['truncates'], 1000).map(nameOfRun)).toEqual([
    'truncates, content-length, cut at 0',
    'truncates, content-length, cut at 500',
    'truncates, content-length, cut at 999',
    'truncates, chunked, cut at 0',
    'truncates, chunked, cut at 500',
    'truncates, chunked, cut at 1000',
    'truncates, close, cut at 0',
    'truncates, close, cut at 500',
    'truncates, close, cut at 999',
  ])
})

test('a cut by close_notify is run where HTTP can tell it', () => {
  expect(planOf(['truncates-by-close-notify'], 1000).map(nameOfRun)).toEqual([
    'truncates-by-close-notify, content-length, cut at 500',
    'truncates-by-close-notify, chunked, cut at 500',
  ])
})

test('each profile is run, and no two runs are alike', () => {
  const planned = planOf(serverProfileNames, 1000)
  expect([...new Set(planned.map(({ profile }) => profile))]).toEqual(serverProfileNames)
  expect(new Set(planned.map(nameOfRun)).size).toBe(planned.length)
})
