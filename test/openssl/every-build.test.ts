// The same conversation on every build that was fetched, each in a process of its own: under its own loader where it
// needs a newer glibc than this system has.
import { expect, test } from 'vitest'
import { presentBuilds } from '../support/builds.js'
import { runEngineProgram } from './programs.js'

test.each(presentBuilds())('$name', async (build) => {
  const [is, ...talks] = await runEngineProgram('talks.mjs', [build.libssl ?? ''], { build })
  const { kind, version, lacking } = factsOf(is)
  console.info(`${build.name}: ${version}`)
  const isOpenSsl = kind === 'OpenSSL'
  const isSince3 = isOpenSsl && !version.startsWith('OpenSSL 1.')
  expect(is).toMatchObject({ has: [] })
  const hasEx = !lacking.includes('SSL_shutdown_ex')
  expect(lacking.length).toBeLessThanOrEqual(isOpenSsl ? 1 : 6)
  expect(talks).toEqual(
    ['TLSv1.2', 'TLSv1.3'].map((negotiated) => ({
      protocol: negotiated,
      negotiated: [negotiated, negotiated],
      isVerified: true,
      isSameExport: true,
      shutdown: [0, 'SSL_ERROR_NONE'],
      closed: [0, 'SSL_ERROR_ZERO_RETURN'],
      answer: [1, 'SSL_ERROR_NONE'],
      both: [1, 'SSL_ERROR_NONE'],
      flags: [3, 3],
      alerts: ['received close_notify', 'sent close_notify'],
      // BoringSSL hands the sessions of TLS 1.3 to its callback alone.
      isResumed: isOpenSsl || negotiated === 'TLSv1.2',
      // Since 3.2 reading in 1.3 stays at its end when SSL_set_shutdown(3) clears the flag; BoringSSL cannot clear it.
      reopened: !isOpenSsl || (hasEx && negotiated === 'TLSv1.3') ? ['', 2] : ['again', 0],
      eof: isSince3 ? [0, 'SSL_ERROR_SSL', 'unexpected eof while reading'] : [0, 'SSL_ERROR_SYSCALL'],
      quiet: [1, 'SSL_ERROR_NONE', 0, 3],
      shutdownEx: hasEx ? [0, 'SSL_ERROR_NONE'] : 'lacking',
    })),
  )
})

test.each(presentBuilds())('on $name a session is refused once the handshake has begun', async (build) => {
  const facts = await runEngineProgram('sets-sessions.mjs', [build.libssl ?? ''], { build })
  const refused = JSON.stringify(['ERR_OPENSSL_STATE', 'ERR_OPENSSL_STATE'])
  const taken = [1, 'ERR_OPENSSL_STATE', false, false]
  expect(facts).toHaveLength(2)
  for (const fact of facts) {
    expect(fact).toMatchObject({ before: [taken, taken] })
    expect(
      momentsOf(fact).filter(([, ...outcomes]) => outcomes.some((each) => JSON.stringify(each) !== refused)),
    ).toEqual([])
    expect(momentsOf(fact).length).toBeGreaterThan(20)
  }
})

function factsOf(facts: unknown): {
  readonly kind: string
  readonly version: string
  readonly lacking: readonly string[]
} {
  if (typeof facts !== 'object' || facts === null) throw new Error('Expected facts')
  const { kind, version, lacking }: Readonly<Record<string, unknown>> = { ...facts }
  if (!Array.isArray(lacking)) throw new Error(`Expected facts but received ${JSON.stringify(facts)}`)
  return { kind: String(kind), version: String(version), lacking: lacking.map(String) }
}

function momentsOf(fact: unknown): readonly (readonly unknown[])[] {
  if (typeof fact !== 'object' || fact === null || !('after' in fact) || !Array.isArray(fact.after)) return []
  return fact.after.map((moment: unknown): readonly unknown[] => (Array.isArray(moment) ? moment : []))
}
