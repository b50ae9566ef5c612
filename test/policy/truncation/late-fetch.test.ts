// fetch with a reader that is late and slow. (A ReadableStream that fails drops what it has queued.)
//
// By itself undici fails some whole bodies when the peer's FIN finds its parser paused, and undici 7 dies there. Where
// the FIN comes while the body is read, that is a race which each process runs for itself; so the reader waits for the
// FIN, and two processes can be compared.
import { describe, expect, test } from 'vitest'
import { tlsVersions } from '../../support/pair.js'
import { type Ended, installed, runHere } from './programs.js'
import { type Ending, sendAndEnd, startScripted } from './scripted-server.js'

interface Row {
  readonly what: string
  readonly parts: readonly (Buffer | string)[]
  readonly ending: Ending
}

/** More than undici takes before it pauses, and little enough that the kernel has all before anybody reads. */
const length = 130_000
const body = Buffer.alloc(length, 'a')
const head = (field: string) => Buffer.from(`HTTP/1.1 200 OK\r\n${field}\r\n\r\n`)
const chunked = [head('Transfer-Encoding: chunked'), `${length.toString(16)}\r\n`, body, '\r\n0\r\n\r\n']

const whole: readonly Row[] = [
  { what: 'a Content-Length', parts: [head(`Content-Length: ${length}`), body], ending: 'fin' },
  { what: 'chunks', parts: chunked, ending: 'fin' },
  { what: 'everything up to a close_notify', parts: [head('Connection: close'), body], ending: 'close_notify' },
]

const cut: Row = { what: 'a cut body', parts: [head('Connection: close'), body], ending: 'fin' }

const survivesSlowReaders = 'undici8'

describe.each(tlsVersions)('%s', (version) => {
  describe.each(installed)('%s', (library) => {
    async function read(one: Row, policy: boolean): Promise<Ended> {
      const payload = Buffer.concat(one.parts.map((part) => Buffer.from(part)))
      const { port } = await startScripted({
        version,
        onData: (accepted) => sendAndEnd(accepted, payload, one.ending),
      })
      return runHere('reads-late.mjs', { undici: library, port, policy, pause: 3 })
    }

    test.each(whole)('$what: with the policy as without', async (one) => {
      const [stock, controlled] = await Promise.all([read(one, false), read(one, true)])
      if (library === survivesSlowReaders) expect([stock.code, controlled.code]).toEqual([0, 0])
      expect(controlled.code).toBe(stock.code)
      expect(causeOf(controlled)).toBe(causeOf(stock))
      if (stock.code === 0) expect(controlled.facts).toMatchObject([{ bytes: bytesOf(stock), passed: passed(stock) }])
      if (passed(stock)) expect(bytesOf(stock)).toBe(length)
    })

    test('a cut body: the error, though by itself undici takes it for whole or dies', async () => {
      const [stock, controlled] = await Promise.all([read(cut, false), read(cut, true)])
      expect(passed(stock) || stock.code !== 0).toBe(true)
      const { code, signal, stderr, facts } = controlled
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
      expect(facts).toMatchObject([{ passed: false, error: 'ERR_TLS_TRUNCATED' }])
    })
  })
})

function passed({ code, facts }: Ended): boolean {
  return code === 0 && fieldOf(facts, 'passed') === true
}

function bytesOf({ facts }: Ended): unknown {
  return fieldOf(facts, 'bytes')
}

function fieldOf([fact]: readonly unknown[], name: string): unknown {
  return typeof fact === 'object' && fact !== null ? Reflect.get(fact, name) : undefined
}

/** The line of an uncaught exception that says what it is. */
function causeOf({ stderr }: Ended): string | undefined {
  return stderr.split('\n').find((line) => /^\w*Error/.test(line))
}
