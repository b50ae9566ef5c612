/** What a journal has in its head, so that it is gone on with in the same way. */
import { expect, test } from 'vitest'
import { Prober } from '../../../lib/lab/probe/probe.js'

test.each([
  ['http://proxy.example', 'http://proxy.example:80'],
  ['http://user:a%40secret@proxy.example:3128/', 'http://proxy.example:3128'],
  ['http:user:a-secret@proxy.example:3128', 'http://proxy.example:3128'],
  ['http:\\\\user:a-secret@proxy.example', 'http://proxy.example:80'],
  ['socks5h://user:a-secret@[::1]:9', 'socks5h://[::1]:9'],
])('of the proxy %s it has %s', (proxy, name) => {
  using prober = new Prober({ proxy })
  expect(prober.settings).toMatchObject({ proxy: name })
  expect(JSON.stringify(prober.settings)).not.toContain('secret')
})
