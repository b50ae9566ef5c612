import { expect, test } from 'vitest'
import { sslErrorNames } from '../../lib/tls/ssl-errors.js'
import { describeQueuedError, shutdownResult } from '../../lib/tls/ssl-result.js'

const names = sslErrorNames('OpenSSL')
const syscall = 5
const wantRead = 2

test.each([0, 1])('SSL_shutdown that returns %i has not failed, whatever SSL_get_error says', (value) => {
  expect(shutdownResult(value, syscall, [], names)).toEqual({ value, error: 'SSL_ERROR_NONE', queue: [] })
})

test('SSL_shutdown that returns -1 has the error that SSL_get_error says', () => {
  expect(shutdownResult(-1, wantRead, [], names)).toEqual({ value: -1, error: 'SSL_ERROR_WANT_READ', queue: [] })
})

test('an entry of the error queue reads as its reason, its library and its data, or as its number', () => {
  const entry = { code: 0x0a000126, library: 'SSL routines', reason: 'unexpected eof while reading' }
  expect(describeQueuedError(entry)).toBe('unexpected eof while reading (SSL routines)')
  expect(describeQueuedError({ ...entry, data: 'noted' })).toBe('unexpected eof while reading (SSL routines) noted')
  expect(describeQueuedError({ code: 0x0a000126 })).toBe('error a000126')
})
