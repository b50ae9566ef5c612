/** A probe that has to wait until its name is looked up: that is not the server's time. */
import { expect, onTestFinished, test } from 'vitest'
import { probe } from '../../../lib/lab/probe/probe.js'
import { certificate } from '../../support/certificate.js'
import { blockLookups } from '../transport/lookups.js'
import { scriptedServer } from './scripted-server.js'

test('its timeouts begin when it is its turn', async () => {
  const server = await scriptedServer(async ({ wire, closeNotify }) => {
    await closeNotify()
    wire.closeNotify()
    wire.fin()
  })
  onTestFinished(() => server.close())
  const unblock = blockLookups()
  const asked = {
    family: 4,
    wait: 300,
    ca: certificate.cert,
    versions: ['TLSv1.3'],
    questions: ['onCloseNotify'],
  } as const
  // They have the threads.
  const others = [0, 1].map(() => probe(`localhost:${server.port}`, asked))
  const timeouts = { timeout: 2000, totalTimeout: 2000 }
  const probing = probe(`localhost:${server.port}`, { ...asked, ...timeouts })
  await new Promise((resolve) => setTimeout(resolve, 2500))
  unblock()
  expect((await probing).versions).toMatchObject([{ kind: 'probed' }])
  await Promise.all(others)
})
