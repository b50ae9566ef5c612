import { describe, expect, test } from 'vitest'
import { failureOfSocket, printable, quoted, TransportFailure } from '../../../lib/lab/transport/failure.js'

describe('printable', () => {
  test.each<[string, string | Buffer, string]>([
    ['plain text', 'hello', 'hello'],
    ['UTF-8', Buffer.from('zu viele, ünüs ✓'), 'zu viele, ünüs ✓'],
    ['line ends and tabs', 'a\r\n\tb', 'a\\r\\n\\tb'],
    ['a backslash', 'a\\x41', 'a\\\\x41'],
    ['an escape of a terminal', '\x1b[31m', '\\x1b[31m'],
    ['C1 controls', '\x9b', '\\x9b'],
    ['what turns text', 'a\u202eb', 'a\\u{202e}b'],
    ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
    ['half a character', '\ud83d', '\\u{d83d}'],
    ['bytes that are no text', Buffer.of(0x15, 3, 1, 0xff, 0x41), '\\x15\\x03\\x01\\xffA'],
    ['nothing', '', ''],
  ])('shows %s', (_what, received, shown) => {
    expect(printable(received)).toBe(shown)
  })

  test('is short, however much came', () => {
    expect(printable('x'.repeat(1000))).toBe(`${'x'.repeat(160)}...`)
    expect(printable(Buffer.alloc(1_000_000, 'é'))).toBe(`${'é'.repeat(160)}...`)
    expect(printable(Buffer.from('a' + 'é'.repeat(1000)))).toBe(`a${'é'.repeat(159)}...`)
    expect(quoted('x')).toBe('"x"')
  })
})

describe('failureOfSocket', () => {
  const failure = (code: string | undefined) => failureOfSocket(Object.assign(new Error('of the system'), { code }))

  test.each([
    ['ECONNREFUSED', 'refused'],
    ['ECONNRESET', 'reset'],
    ['EPIPE', 'reset'],
    ['EHOSTUNREACH', 'unreachable'],
    ['ENETUNREACH', 'unreachable'],
    ['ETIMEDOUT', 'unreachable'],
    ['ESOMETHING', 'unreachable'],
    [undefined, 'unreachable'],
  ])('of %s is %s', (code, reason) => {
    expect(failure(code)).toMatchObject({ reason, code, detail: undefined })
  })

  test('tells what is of this machine', () => {
    const { message } = failure('EMFILE')
    expect(message).toBe(
      'The host cannot be reached: this machine has no file descriptor left for this process (EMFILE)',
    )
  })

  test('keeps its cause, and has the name of its class', () => {
    const cause = new Error('x')
    expect(failureOfSocket(cause)).toMatchObject({ cause, name: 'TransportFailure' })
    expect(Object.keys(new TransportFailure('closed'))).toEqual(['reason', 'code', 'detail'])
  })
})
