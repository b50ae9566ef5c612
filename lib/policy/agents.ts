// The objects that give https requests their sockets: https.Agent, and the agents of other libraries, of which some are an
// http.Agent with methods of its own (agentkeepalive, agent-base 7 and newer) and others share nothing with it but addRequest()
// (agent-base 6). Sockets are taken where they are made; where an agent has another way, where a request is given one.
import { EventEmitter } from 'node:events'
import { Agent as HttpAgent } from 'node:http'
import { createConnection } from 'node:net'
import { TLSSocket } from 'node:tls'
import { wrapRemovably } from '../closure/stand-ins.js'

/** An agent of another library, as `https.request` takes it: it gives each request a socket. */
export interface AgentLike {
  /** Called by Node for each request: the agent hands it a socket, at once or later. */
  addRequest(...args: never[]): unknown
}

/** Whether a value is an agent that may make TLS sockets. Node's own http.Agent makes none. */
export function isAgent(value: unknown): value is HttpAgent | AgentLike {
  if (typeof value !== 'object' || value === null) return false
  return makesSocketsItself(value) || givesSocketsItself(value)
}

/** Calls back with each TLS socket that an agent makes from now on; returns the function that ends this. */
export function watchAgent(agent: object, take: (socket: TLSSocket) => void): () => void {
  const takeTls = (made: unknown): void => {
    if (made instanceof TLSSocket && !made.destroyed) take(made)
  }
  const forget = [watchMaking(agent, takeTls)]
  if (givesSocketsItself(agent)) forget.push(watchGiving(agent, takeTls))
  return () => {
    for (const one of forget) one()
  }
}

function makesSocketsItself(agent: object): boolean {
  const makes: unknown = Reflect.get(agent, 'createConnection')
  return typeof makes === 'function' && makes !== HttpAgent.prototype.createConnection && makes !== createConnection
}

// Of http.Agent these two are not documented, but Node's http calls the first on every agent, and refuses one without.
function givesSocketsItself(agent: object): boolean {
  if (typeof Reflect.get(agent, 'addRequest') !== 'function') return false
  return ['addRequest', 'createSocket'].some(
    (name) => Reflect.get(agent, name) !== Reflect.get(HttpAgent.prototype, name),
  )
}

function watchMaking(agent: object, take: (made: unknown) => void): () => void {
  return wrapRemovably(agent, 'createConnection', (previous, args) => {
    const made = previous(
      args.map((arg) => {
        if (typeof arg !== 'function') return arg
        // An agent of the program's own may give the socket by its callback alone.
        return (...given: unknown[]): unknown => {
          take(given[1])
          return Reflect.apply(arg, undefined, given)
        }
      }),
    )
    take(made)
    return made
  })
}

function watchGiving(agent: object, take: (made: unknown) => void): () => void {
  return wrapRemovably(agent, 'addRequest', (previous, args) => {
    const [request] = args
    if (request instanceof EventEmitter) {
      request.prependOnceListener('socket', (socket: unknown) => {
        // A kept one may have been made before the policy was laid on; one that was not is under it already.
        if (Reflect.get(request, 'reusedSocket') !== true) take(socket)
      })
    }
    return previous(args)
  })
}
