import { expect, test } from 'vitest'
import { Pace } from '../../../lib/lab/campaign/pace.js'

test('starts are spread evenly', () => {
  const pace = new Pace(20)
  expect(pace.mayStart(1000)).toBe(true)
  expect(pace.mayStart(1000)).toBe(false)
  expect(pace.waitAt(1010)).toBe(40)
  expect(pace.mayStart(1049)).toBe(false)
  expect(pace.mayStart(1050)).toBe(true)
  expect(pace.waitAt(1050)).toBe(50)
})

test('a timer that is late does not lower the rate', () => {
  const pace = new Pace(20)
  expect([1000, 1053, 1101, 1154].map((now) => pace.mayStart(now))).toEqual([true, true, true, true])
  expect(pace.waitAt(1154)).toBe(46)
})

test('a pause is not made up for', () => {
  const pace = new Pace(20)
  expect(pace.mayStart(1000)).toBe(true)
  expect(pace.mayStart(9000)).toBe(true)
  expect(pace.mayStart(9000)).toBe(false)
  expect(pace.waitAt(9000)).toBe(50)
})

test('without a rate every start may be at once', () => {
  const pace = new Pace(undefined)
  expect([0, 0, 1000, 1000].map((now) => pace.mayStart(now))).toEqual([true, true, true, true])
})
