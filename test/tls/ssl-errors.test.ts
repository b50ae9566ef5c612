import { expect, test } from 'vitest'
import { sslErrorName, sslErrorNames } from '../../lib/tls/ssl-errors.js'

// Numbers of ssl.h as the library's headers have them, written down here because the table under test is ours.
const opensslNumbers = {
  SSL_ERROR_NONE: 0,
  SSL_ERROR_SSL: 1,
  SSL_ERROR_WANT_READ: 2,
  SSL_ERROR_WANT_WRITE: 3,
  SSL_ERROR_WANT_X509_LOOKUP: 4,
  SSL_ERROR_SYSCALL: 5,
  SSL_ERROR_ZERO_RETURN: 6,
  SSL_ERROR_WANT_CONNECT: 7,
  SSL_ERROR_WANT_ACCEPT: 8,
  SSL_ERROR_WANT_ASYNC: 9,
  SSL_ERROR_WANT_ASYNC_JOB: 10,
  SSL_ERROR_WANT_CLIENT_HELLO_CB: 11,
  SSL_ERROR_WANT_RETRY_VERIFY: 12,
}

const boringsslNumbers = {
  SSL_ERROR_ZERO_RETURN: 6,
  SSL_ERROR_WANT_CHANNEL_ID_LOOKUP: 9,
  SSL_ERROR_PENDING_SESSION: 11,
  SSL_ERROR_EARLY_DATA_REJECTED: 15,
  SSL_ERROR_WANT_RENEGOTIATE: 19,
}

test('SSL_get_error names its numbers as the ssl.h of each library does', () => {
  const openssl = sslErrorNames('OpenSSL')
  for (const [name, number] of Object.entries(opensslNumbers)) expect(sslErrorName(openssl, number)).toBe(name)
  const boringssl = sslErrorNames('BoringSSL')
  for (const [name, number] of Object.entries(boringsslNumbers)) expect(sslErrorName(boringssl, number)).toBe(name)
  expect(sslErrorNames('AWS-LC')).toBe(boringssl)
  expect(sslErrorNames('LibreSSL')).toBe(openssl)
})

test('SSL_get_error gives a number without a name by the number', () => {
  expect(sslErrorName(sslErrorNames('OpenSSL'), 41)).toBe('SSL_ERROR_41')
})
