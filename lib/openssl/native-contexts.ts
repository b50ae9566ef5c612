// The addon's object of each context, for the Ssl objects: a context makes those, so that they cannot import it.
import { errorOf } from '../errors.js'
import type { NativeSslContext } from '../native/engine.js'
import { invalid } from '../options.js'
import type { ContextIdentity } from './identity.js'

const natives = new WeakMap<object, NativeSslContext>()

export function registerContext(context: ContextIdentity, native: NativeSslContext): void {
  natives.set(context, native)
}

/** The addon's object of a server's context, for an Ssl of another one; refused where they cannot go together. */
export function nativeContext(context: unknown, of: ContextIdentity): NativeSslContext {
  const native = typeof context === 'object' && context !== null ? natives.get(context) : undefined
  if (native === undefined || !isServers(context)) throw invalid('context', "an SslContext of side 'server'", context)
  if (context.openssl === of.openssl) return native
  const [ours, theirs] = [of.openssl.version, context.openssl.version]
  const facts = { expected: `one of ${ours}`, received: `one of ${theirs}: libraries never mix` }
  throw errorOf({ code: 'ERR_CLOSURE_INVALID_ARGUMENT', name: 'context', ...facts })
}

function isServers(context: unknown): context is ContextIdentity {
  return typeof context === 'object' && context !== null && 'side' in context && context.side === 'server'
}
