// Random orders of calls on two Ssl objects, held against a model of the flags, of what is on its way, and of what each
// call may give. CLOSE_NOTIFY_STRESS=SECONDS runs it longer and says what was done. A failure names its seed, path and
// replayPath: CLOSE_NOTIFY_SEED, CLOSE_NOTIFY_PATH and CLOSE_NOTIFY_REPLAY_PATH repeat it (with -t 'the build').
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildsAndVersions } from './builds.js'
import { allCommands, endings, type Real, settle } from './model/commands.js'
import { Model } from './model/model.js'
import { identity } from './ssl-pair.js'

const seconds = Number(process.env['CLOSE_NOTIFY_STRESS'] ?? 12)
const seed = process.env['CLOSE_NOTIFY_SEED']
const path = process.env['CLOSE_NOTIFY_PATH']

const replayPath = process.env['CLOSE_NOTIFY_REPLAY_PATH']
const options = { size: 'max', maxCommands: 120, ...(replayPath === undefined ? {} : { replayPath }) } as const
const perCase = (1000 * seconds) / buildsAndVersions.length

test.each(buildsAndVersions)(
  'two Ssl objects do what the model says: $version on $name ($openssl.version)',
  { timeout: 60_000 + 3 * perCase },
  ({ openssl, version }) => {
    const range = { minVersion: version, maxVersion: version }
    const clientContext = openssl.createContext({ side: 'client', ...range })
    const serverContext = openssl.createContext({ side: 'server', ...identity, ...range })
    const facts = {
      isBoring: openssl.kind !== 'OpenSSL',
      eofIsFatal: openssl.kind === 'OpenSSL' && openssl.versionNumber >= 0x30000000,
      isTls13: version === 'TLSv1.3',
      staysEnded: openssl.kind === 'OpenSSL' && openssl.versionNumber >= 0x30200000 && version === 'TLSv1.3',
    }
    const counts = new Map<string, number>()
    let runs = 0
    const orders = fc.commands([...allCommands, ...allCommands, ...allCommands, ...endings], options)
    // Most orders begin after the handshake.
    const beginning = fc.constantFrom('connected', 'connected', 'connected', 'new')
    const property = fc.property(beginning, orders, (state, commands) => {
      const empty = Buffer.alloc(0)
      const real: Real = {
        client: clientContext.createSsl(),
        server: serverContext.createSsl(),
        wire: { client: empty, server: empty },
      }
      const model = new Model(facts)
      if (state === 'connected') settle(model, model.client, real.client, real)
      fc.modelRun(() => ({ model, real }), commands)
      real.client.free()
      real.server.free()
      for (const [name, count] of model.counts) counts.set(name, (counts.get(name) ?? 0) + count)
      runs += 1
    })
    fc.assert(property, {
      numRuns: 1_000_000,
      interruptAfterTimeLimit: perCase,
      ...(seed === undefined ? {} : { seed: Number(seed) }),
      ...(path === undefined ? {} : { path }),
    })
    expect(runs).toBeGreaterThan(0)
    // Where it ran a while, it got to where closing begins.
    for (const name of runs < 200 || path !== undefined
      ? []
      : ['plaintext arrived', 'sent close_notify', 'received close_notify']) {
      expect([name, counts.get(name) ?? 0]).not.toEqual([name, 0])
    }
    if (process.env['CLOSE_NOTIFY_STRESS'] !== undefined) {
      process.stdout.write(
        `${openssl.version} ${version}: ${runs} runs, ${JSON.stringify(Object.fromEntries(counts))}\n`,
      )
    }
  },
)
