/** The total time of a probe: what it cuts off is told, for what it is. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { checkProbeOptions } from '../../../lib/lab/probe/options.js'
import { probe } from '../../../lib/lab/probe/probe.js'
import { certificate } from '../../support/certificate.js'
import { drain, plainServer } from '../transport/servers.js'
import { scriptedServer } from './scripted-server.js'

const own = { ca: certificate.cert, family: 4 } as const
const over = { reason: 'timeout', detail: 'the total time was over' } as const

describe('when the total time is over', () => {
  test('in a question, that one and those behind it are not observed, and the next version is not begun', async () => {
    const server = await scriptedServer(() => {})
    onTestFinished(() => server.close())
    const options = { ...own, wait: 20_000, totalTimeout: 2000, questions: ['onCloseNotify', 'onFin'] } as const
    const { versions } = await probe(`localhost:${server.port}`, options)
    const notObserved = { kind: 'not-observed', failure: { stage: 'request', ...over } }
    expect(versions).toMatchObject([
      {
        kind: 'probed',
        certificate: { trusted: true },
        answers: { onCloseNotify: notObserved, onFin: notObserved },
        resumption: { afterCloseNotify: 'not-asked' },
      },
      { kind: 'failed', version: 'TLSv1.3', failure: { stage: 'connect', ...over } },
    ])
    expect(server.connections).toBe(1)
  })

  test('in the handshake, it is not said of TCP', async () => {
    const server = await plainServer(drain)
    const { versions } = await probe(`localhost:${server.port}`, { ...own, versions: ['TLSv1.3'], totalTimeout: 300 })
    expect(versions).toMatchObject([{ kind: 'failed', failure: { stage: 'handshake', ...over } }])
  })

  test('in a STARTTLS dialogue, it is said of that', async () => {
    const server = await plainServer(drain)
    const options = { ...own, versions: ['TLSv1.3'], totalTimeout: 300, starttls: 'smtp' } as const
    const { versions } = await probe(`localhost:${server.port}`, options)
    expect(versions).toMatchObject([{ kind: 'failed', failure: { stage: 'starttls', ...over } }])
  })
})

test('the total time has room for idle, unless it is given', () => {
  expect(checkProbeOptions({}).totalTimeout).toBe(60_000)
  expect(checkProbeOptions({ idle: 60_000 }).totalTimeout).toBe(180_000)
  expect(checkProbeOptions({ idle: 60_000, versions: ['TLSv1.3'] }).totalTimeout).toBe(120_000)
  expect(checkProbeOptions({ idle: 60_000, totalTimeout: 1000 }).totalTimeout).toBe(1000)
  expect(checkProbeOptions({ idle: 2 ** 31 - 1 }).totalTimeout).toBe(2 ** 31 - 1)
})
