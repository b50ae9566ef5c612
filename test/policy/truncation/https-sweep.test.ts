// A FIN or an RST at every byte of a response, as https.get sees it.
import { Agent } from 'node:https'
import { describe, expect, onTestFinished, test } from 'vitest'
import { controlClosure } from '../../../lib/index.js'
import { type TlsVersion, tlsVersions } from '../../support/pair.js'
import { startCuttingServer } from './cutting-server.js'
import { type HttpsReader, httpsGet } from './https-client.js'
import { type Outcome, outcomesOf, takenForWhole, wrongOutcomes } from './outcomes.js'
import { type Cut, everyCut, halfOf, hostOf, httpFramings, remainsOf } from './messages.js'

const rows = tlsVersions.flatMap((version) => httpFramings.map((framing) => ({ version, framing })))

describe.each(rows)('$version, a $framing response', ({ version, framing }) => {
  const everyByte = (['ciphertext', 'plaintext'] as const).flatMap((unit) => everyCut(framing, unit, version))
  const ways = [
    { reader: 'events', cuts: everyByte },
    { reader: 'pipeline', cuts: halfOf(everyByte, 0) },
    { reader: 'for await', cuts: halfOf(everyByte, 1) },
  ] as const

  test.each(ways)('no cut one passes as whole and no whole one fails: $reader', async ({ reader, cuts }) => {
    const agent = agentFor(false)
    const control = controlClosure(agent, { onTruncation: 'error' })
    const outcomes = await getAll({ version, agent, reader }, cuts)
    expect(wrongOutcomes(outcomes, version, { inBody: isTruncation, inHead: isFailedRequest })).toEqual([])
    expect(control.connections).toBe(0)
  })

  test('no cut one passes as whole and no whole one fails with an agent that keeps connections', async () => {
    const agent = agentFor(true)
    controlClosure(agent, { onTruncation: 'error' })
    const cuts = halfOf(everyCut(framing, 'plaintext', version), 0)
    const outcomes = await getAll({ version, agent, reader: 'events' }, cuts)
    expect(wrongOutcomes(outcomes, version, { inBody: isTruncation, inHead: isFailedRequest })).toEqual([])
  })
})

test.each(tlsVersions)(
  '%s: Node by itself takes every cut close-delimited response for a whole one',
  async (version) => {
    const agent = agentFor(false)
    const cuts = everyCut('close-delimited', 'ciphertext', version).filter((cut) => cut.with === 'fin')
    const outcomes = await getAll({ version, agent, reader: 'events' }, cuts)
    const begunAndCut = cuts.filter((cut) => {
      const { head, isWhole } = remainsOf(cut, version)
      return head === 'whole' && !isWhole
    })
    expect(begunAndCut.length).toBeGreaterThan(100)
    expect(new Set(takenForWhole(outcomes, version))).toEqual(new Set(begunAndCut))
  },
)

function agentFor(keepAlive: boolean): Agent {
  const agent = new Agent({ rejectUnauthorized: false, keepAlive })
  onTestFinished(() => agent.destroy())
  return agent
}

interface Getting {
  readonly version: TlsVersion
  readonly agent: Agent
  readonly reader: HttpsReader
}

async function getAll({ version, agent, reader }: Getting, cuts: readonly Cut[]) {
  const { port, failures } = await startCuttingServer(version)
  const outcomes = await outcomesOf(cuts, (cut) => httpsGet({ host: hostOf(cut), port, agent }, reader))
  expect(failures).toEqual([])
  return outcomes
}

function isTruncation({ error, requestError }: Outcome): boolean {
  return error === 'ERR_TLS_TRUNCATED' && requestError === 'ERR_TLS_TRUNCATED'
}

// Nothing of a response had begun: the code is Node's own, whose parser may have seen a part of a head.
function isFailedRequest({ requestError }: Outcome): boolean {
  return requestError !== undefined
}
