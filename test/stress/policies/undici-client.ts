/** Clients on undici's Agent, with its own calls and with fetch. */
import { closingConnect } from '../../../lib/index.js'
import type { Clients } from './clients.js'
import { connectOptions, type Exchange, Incoming, type Scene } from './scene.js'
import { checkTruncationError, everyLane } from './tls-client.js'
import { type Dispatcher, loadUndici, type Undici } from './undici.js'

const undici = await loadUndici()

// fetch cancels the body of a response that is collected as garbage, and whoever reads it then finds it ended.
const answers = new Set<object>()

export async function runUndici(clients: Clients): Promise<void> {
  const { scene, controls, port } = clients
  const { maxSockets, pipelining } = scene.plan
  const { servername, secureContext } = connectOptions(scene.plan, port)
  const options = { servername, secureContext }
  let connect: unknown = options
  controls.start((policy) => {
    const connecting = closingConnect(policy)
    connect = connecting(options)
    return connecting.control
  })
  const agent = new undici.Agent({ connect, connections: maxSockets, pipelining, allowH2: false })
  let destroyed: Promise<unknown> | undefined
  clients.destroyAll = () => {
    destroyed ??= scene.track('agent.destroy()', agent.destroy())
  }
  const forget = scene.onAbandon(clients.destroyAll)
  await everyLane(clients, async (_lane, number) => {
    for (const exchange of scene.lanes[number] ?? []) {
      if (scene.isOver) return
      await scene.track(
        exchange.path,
        fetchOne(clients, undici, agent, exchange, () => destroyed !== undefined),
      )
    }
  })
  forget()
  clients.destroyAll()
  await destroyed
}

async function fetchOne(
  clients: Clients,
  { request, fetch }: Undici,
  agent: Dispatcher,
  exchange: Exchange,
  isDestroyed: () => boolean,
): Promise<void> {
  const { scene, controls, port } = clients
  const { path, plan, upload, response } = exchange
  const url = `https://127.0.0.1:${port}${path}`
  const incoming = new Incoming(scene, path, response)
  const abort = new AbortController()
  const call = {
    dispatcher: agent,
    method: upload.length === 0 ? 'GET' : 'POST',
    body: upload.length === 0 ? null : upload,
    signal: abort.signal,
  }
  let hasActed = false
  let hasHead = false
  const act = () => {
    hasActed = true
    abort.abort()
  }
  const forget = scene.onAbandon(act)
  let release: () => unknown = () => undefined
  try {
    const answer = plan.pause > 0 ? await fetch(url, call) : await request(url, call)
    const { body } = answer
    answers.add(answer)
    release = () => answers.delete(answer)
    hasHead = true
    if (plan.reader.kind === 'late') await scene.pause(plan.reader.after)
    if (plan.reader.kind === 'stalled') await scene.pause(60_000)
    for await (const bytes of body ?? []) {
      incoming.push(bytes)
      if (plan.clientAct !== 'none') act()
      if (plan.reader.kind === 'slow') await scene.pause(plan.reader.pause)
    }
    scene.count(incoming.isWhole ? 'responses whole' : 'responses cut that pass as whole')
    const isDemanded = controls.demands()
    // A body that is aborted while nobody reads it has no error to give.
    if (hasActed || isDestroyed()) return
    const isEndedInOrder = plan.framing === 'close' && endsItsNeighbours(scene)
    if (!incoming.isWhole && !isEndedInOrder && (plan.framing !== 'close' || isDemanded)) {
      scene.fail(`${path}: passes as whole with ${String(incoming)}, ${plan.framing}`)
    }
  } catch (error) {
    scene.count('responses failed')
    const isTruncation = checkTruncationError(clients, undefined, error)
    if (hasActed || isDestroyed()) return
    const said = `${String(incoming)}, ${plan.framing}: ${describe(error)}`
    if (scene.plan.isCalm) scene.fail(`${path}: calm, and failed with ${said}`)
    // By itself undici fails a whole response whose reader is slow when TCP ends before it has been read.
    if (isTruncation && hasHead && plan.framing === 'length' && incoming.isWhole && plan.bytes > 0) {
      scene.fail(`${path}: whole, and failed with ${said}`)
    }
  } finally {
    forget()
    release()
  }
}

// A server that ends a connection behind one response cuts the one that it has begun to a pipelined request, and with a
// close_notify: no client can tell that from the end of a body that has no length.
function endsItsNeighbours({ plan }: Scene): boolean {
  const acts = plan.lanes.flatMap(({ exchanges }) => exchanges.map(({ serverAct }) => serverAct))
  return plan.pipelining > 1 && acts.some((act) => act === 'end-after' || act === 'destroySoon-after')
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? String(error) : `${String(error)}, because of ${describe(error.cause)}`
}
