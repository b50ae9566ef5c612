/**
 * A process that measures echoes, so that its clock stands beside no other work: `echo HOST PORT` answers with the ms of
 * one round trip over TCP. Connections are kept, and as many are made as there are echoes at once.
 */
import { setMaxListeners } from 'node:events'
import { serveParent } from './child-side.js'
import { EchoProbe } from './echo.js'

const never = new AbortController().signal
// Each echo that is under way listens.
setMaxListeners(0, never)
const idle = new Map<string, EchoProbe[]>()

serveParent([], {
  async echo(host = '', port = '') {
    const path = `${host}:${port}`
    const probes = idle.get(path) ?? []
    idle.set(path, probes)
    const probe = probes.pop() ?? (await EchoProbe.connect(Number(port), never, host))
    const ms = await probe.measure(never)
    probes.push(probe)
    return ms
  },
})
