import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { pacedTurn } from '../../lib/closing/turns.js'

test('closings that begin at once go on in order, a few of them in each turn of the event loop', async () => {
  const gone: number[] = []
  const all = Array.from({ length: 200 }, async (_, index) => {
    await pacedTurn()
    gone.push(index)
  })
  const perTurn: number[] = []
  expect(gone).toEqual([])
  while (gone.length < all.length) {
    const before = gone.length
    await nextTurn()
    perTurn.push(gone.length - before)
  }
  expect(gone).toEqual(Array.from({ length: 200 }, (_, index) => index))
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(32)
  expect(perTurn.filter((count) => count > 0).length).toBeGreaterThanOrEqual(200 / 32)
})

test('one that begins while others are in line goes after them, and an empty line begins anew', async () => {
  const gone: string[] = []
  const first = pacedTurn().then(async () => {
    gone.push('first')
    await pacedTurn()
    gone.push('first again')
  })
  const second = pacedTurn().then(() => gone.push('second'))
  await Promise.all([first, second])
  await pacedTurn()
  expect(gone).toEqual(['first', 'second', 'first again'])
})
