import tls, { type SecureContext, type SecureContextOptions } from 'node:tls'
import { ClosureError } from '../errors.js'
import { captureContexts } from '../native/addon.js'
import { checkAll, checkFlag, type OptionRules } from '../options.js'

/** Our own option of {@link createSecureContext}. */
export interface QuietOptions {
  /**
   * Every connection made with this context closes without an alert (SSL_CTX_set_quiet_shutdown): Node's `end()` sends
   * a bare FIN, and OpenSSL reads no more after it.
   *
   * OpenSSL copies the flag when a connection starts (SSL_new). A context that is chosen later, by SNI, does not hand
   * its flag on: set it on the server's default context too.
   * @default false
   */
  readonly quietShutdown?: boolean
}

/** Options of {@link createSecureContext}: those of `tls.createSecureContext`, and one more. */
export interface QuietContextOptions extends SecureContextOptions, QuietOptions {}

export const quietRules = {
  quietShutdown: { check: checkFlag, unit: '', default: 'false' },
} satisfies OptionRules<QuietOptions>

/**
 * `tls.createSecureContext` with SSL_CTX_set_quiet_shutdown.
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT when `quietShutdown` is no boolean; ERR_CLOSURE_UNSUPPORTED_RUNTIME;
 * ERR_CLOSURE_LOAD_FAILED; and what tls.createSecureContext throws
 * @see SSL_CTX_set_quiet_shutdown(3)
 */
export function createSecureContext(options: QuietContextOptions = {}): SecureContext {
  const { quietShutdown, ...others } = options
  const { quietShutdown: quiet } = checkAll(quietRules, { quietShutdown })
  if (quiet === undefined) return tls.createSecureContext(others)
  const made: SecureContext[] = []
  const handles = captureContexts(() => {
    made.push(tls.createSecureContext(others))
  })
  const [context] = made
  const [handle] = handles
  if (context === undefined || handle === undefined || handles.length !== 1) {
    const message = `Expected tls.createSecureContext to make one SSL_CTX, but it made ${handles.length}`
    throw new ClosureError('ERR_CLOSURE_UNSUPPORTED_RUNTIME', message)
  }
  handle.setQuietShutdown(quiet)
  return context
}
