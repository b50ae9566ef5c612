import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parseProxy } from '../../../lib/lab/transport/proxy-address.js'
import { startTlsProtocols } from '../../../lib/lab/transport/starttls/protocols.js'
import { parseTarget, targetName } from '../../../lib/lab/transport/target.js'
import { matching } from './matchers.js'

function invalid(...words: readonly string[]): unknown {
  const message = matching(new RegExp(words.map(escaped).join('.*')))
  return expect.objectContaining({ code: 'ERR_CLOSURE_INVALID_ARGUMENT', message })
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

describe('parseTarget', () => {
  test.each([
    ['example.org', { host: 'example.org', port: 443, servername: 'example.org' }],
    ['example.org:8443', { host: 'example.org', port: 8443, servername: 'example.org' }],
    ['  Example.ORG:00443 ', { host: 'example.org', port: 443, servername: 'example.org' }],
    ['localhost', { host: 'localhost', port: 443, servername: 'localhost' }],
    ['a_b.example.org:1', { host: 'a_b.example.org', port: 1, servername: 'a_b.example.org' }],
    ['example.org.', { host: 'example.org.', port: 443, servername: 'example.org' }],
    ['example.org.:65535', { host: 'example.org.', port: 65535, servername: 'example.org' }],
    ['bücher.example', { host: 'xn--bcher-kva.example', port: 443, servername: 'xn--bcher-kva.example' }],
    ['例え.テスト:99', { host: 'xn--r8jz45g.xn--zckzah', port: 99, servername: 'xn--r8jz45g.xn--zckzah' }],
    ['192.0.2.1', { host: '192.0.2.1', port: 443 }],
    ['192.0.2.1:25', { host: '192.0.2.1', port: 25 }],
    ['127.1', { host: '127.0.0.1', port: 443 }],
    ['[::1]', { host: '::1', port: 443 }],
    ['[::1]:8443', { host: '::1', port: 8443 }],
    ['::1', { host: '::1', port: 443 }],
    ['2001:DB8:0:0::1', { host: '2001:db8::1', port: 443 }],
    ['[fe80::1%eth0]:22', { host: 'fe80::1%eth0', port: 22 }],
  ])('reads %s', (text, target) => {
    expect(parseTarget(text)).toEqual(target)
  })

  test.each([
    '',
    ' ',
    ':443',
    '.',
    'a..b',
    '.example.org',
    'example.org:',
    'example.org:0',
    'example.org:65536',
    'example.org:443443',
    'example.org:-1',
    'example.org:4a',
    'example.org:443:443',
    '[::1',
    '::1]',
    '[::1]443',
    '[example.org]:443',
    '[]:443',
    ':::1',
    'exa mple.org',
    'example%2eorg',
    '256.256.256.256',
    'a'.repeat(64) + '.example',
    'abcdefghi.'.repeat(26) + 'org',
    'example.org\0',
    'user@example.org',
    'example.org?x',
    'example.org#x',
    'example.org\\x',
  ])('refuses %j', (text) => {
    // What is long is cut.
    const received = inspect(text).slice(0, 60)
    expect(() => parseTarget(text)).toThrow(invalid('for target but received', received))
  })

  test.each([
    ['https://example.org/path', 'here example.org for target'],
    ['https://example.org:8443/', 'here example.org:8443 for target'],
    ['imap://[::1]:143', 'here [::1]:143 for target'],
    ['example.org/path', 'for target but received'],
    ['https:///', 'for target but received'],
  ])('says what to write in place of %s', (text, words) => {
    expect(() => parseTarget(text)).toThrow(invalid('Expected HOST or HOST:PORT alone', words))
  })

  test('a text without a port has the one that is given, or that of its protocol', () => {
    expect(parseTarget('example.org', { port: 8443, starttls: 'smtp' }).port).toBe(8443)
    expect(parseTarget('::1', { port: 8443 }).port).toBe(8443)
    expect(parseTarget('example.org:1', { port: 8443, starttls: 'smtp' }).port).toBe(1)
    const ports = startTlsProtocols.map((starttls) => parseTarget('example.org', { starttls }).port)
    expect(ports).toEqual([25, 143, 110, 21, 5432, 3306, 389, 5222, 5269])
  })

  test('options that are not known, or out of range, are refused', () => {
    const parse = (options: object) => () => parseTarget('example.org', options)
    expect(parse({ ports: 1 })).toThrow(invalid('one of the keys port, starttls'))
    expect(parse({ port: 0 })).toThrow(invalid('a port from 1 to 65535 for port but received 0'))
    expect(parse({ port: 443.5 })).toThrow(invalid('for port'))
    expect(parse({ port: '443' })).toThrow(invalid('for port'))
    expect(parse({ starttls: 'gopher' })).toThrow(invalid(`'xmpp-server' for starttls but received 'gopher'`))
  })

  test.each([
    'example.org',
    'example.org.:25',
    '[::1]:443',
    '2001:db8::1',
    '[fe80::1%eth0]:22',
    '127.1:3',
    'BÜCHER.example',
  ])('the name of %s is canonical, and makes the same target again', (text) => {
    const target = parseTarget(text)
    expect(parseTarget(targetName(target))).toEqual(target)
    expect(targetName(parseTarget(targetName(target)))).toBe(targetName(target))
  })

  test('names are as they are written by people', () => {
    expect(targetName({ host: '::1', port: 443 })).toBe('[::1]:443')
    expect(targetName({ host: 'example.org', port: 25 })).toBe('example.org:25')
  })
})

describe('parseProxy', () => {
  test.each([
    ['http://proxy.example', { kind: 'http', host: 'proxy.example', port: 80 }],
    ['http://proxy.example:3128/', { kind: 'http', host: 'proxy.example', port: 3128 }],
    ['socks5://PROXY.example', { kind: 'socks5', host: 'proxy.example', port: 1080 }],
    ['socks5h://[::1]:9', { kind: 'socks5h', host: '::1', port: 9 }],
    ['http://[::1]:9', { kind: 'http', host: '::1', port: 9 }],
    [
      'socks5://us%40er:pass%3Aword@127.0.0.1:1080',
      { kind: 'socks5', host: '127.0.0.1', port: 1080, credentials: { user: 'us@er', password: 'pass:word' } },
    ],
    ['http://user@p', { kind: 'http', host: 'p', port: 80, credentials: { user: 'user', password: '' } }],
  ])('reads %s', (text, proxy) => {
    expect(parseProxy(text)).toEqual(proxy)
  })

  test.each([
    '',
    7,
    'proxy.example:3128',
    'https://proxy.example',
    'socks4://proxy.example',
    'http://',
    'http://proxy.example/path',
    'http://proxy.example?x',
    'http://proxy.example:0',
    'socks5://user:%zz@proxy.example',
    `socks5://${'u'.repeat(256)}@proxy.example`,
  ])('refuses %j', (text) => {
    expect(() => parseProxy(text)).toThrow(invalid('for proxy but received'))
  })

  test('an error does not show the password', () => {
    for (const text of [
      'https://me:secret@proxy.example',
      'me:secret@proxy.example',
      'http://me:sec@ret@proxy/secret@x',
    ]) {
      expect(() => parseProxy(text)).toThrow(expect.objectContaining({ message: matching(/^((?!sec).)*$/) }))
    }
  })
})
