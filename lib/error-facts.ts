// The facts of errors, for programs, and the sentences that are made from them, for people.
import { describeQueuedError, type QueuedError } from './tls/ssl-result.js'

/** The facts of an error, by its code. A code that is not here has its sentence alone. */
export type ErrorFacts =
  | {
      readonly code: 'ERR_CLOSURE_INVALID_ARGUMENT'
      /** The argument or option. */
      readonly name: string
      readonly expected: string
      /** The value that came, in short: a large one by its class. */
      readonly received: string
    }
  | {
      readonly code: 'ERR_CLOSURE_LOAD_FAILED'
      /** Each place where the addon was looked for, in order, and why it was not loaded. */
      readonly tried: readonly { readonly place: string; readonly reason: string }[]
      readonly remedy: LoadRemedy
    }
  | {
      readonly code: 'ERR_CLOSURE_OPENSSL'
      /** The function of OpenSSL that failed, and its return value. */
      readonly call: 'SSL_shutdown'
      readonly value: number
      /** SSL_get_error(3), by name. */
      readonly error: string
      readonly queue: readonly QueuedError[]
    }
  | {
      readonly code: 'ERR_OPENSSL_CALL_FAILED'
      /** The function of OpenSSL that refused what it was given. */
      readonly call: string
      readonly queue: readonly QueuedError[]
    }
  | {
      readonly code: 'ERR_OPENSSL_LACKS_FUNCTION'
      readonly library: string
      readonly functions: readonly string[]
    }
  | {
      readonly code: 'ERR_OPENSSL_NEEDS_NEWER_GLIBC'
      readonly library: string
      /** '2.38', for example. */
      readonly needed: string
      /** The glibc of this process; undefined where it has another C library. */
      readonly present: string | undefined
    }
  | {
      readonly code: 'ERR_OPENSSL_SONAME_IN_USE'
      readonly library: string
      readonly soname: string
      /** The file that this process has loaded under that SONAME. */
      readonly holder: string
    }
  | {
      readonly code: 'ERR_OPENSSL_WRONG_ARCHITECTURE'
      readonly library: string
      /** The machine of this process, and the one that the library is made for. */
      readonly expected: string
      readonly received: string
    }

/** What makes the addon load. */
export type LoadRemedy =
  /** To build it where the package is installed, with this command. */
  | { readonly kind: 'build'; readonly command: string }
  /** To leave this package out of a bundle, and install it for it. */
  | { readonly kind: 'external' }
  /** To correct or to unset the variable CLOSE_NOTIFY_BINARY, which leaves the loader no choice. */
  | { readonly kind: 'explicit' }
  /** To let this process load addons, which it was started without. */
  | { readonly kind: 'allow-addons'; readonly refusedBy: 'permission model' | '--no-addons' }

/** The sentence of some facts. */
export function sentenceOf(facts: ErrorFacts): string {
  switch (facts.code) {
    case 'ERR_CLOSURE_INVALID_ARGUMENT':
      return `Expected ${facts.expected} for ${facts.name} but received ${facts.received}`
    case 'ERR_CLOSURE_LOAD_FAILED':
      return [
        `The addon of close-notify could not be loaded (${process.platform}-${process.arch}, ${process.version}).`,
        ...(facts.tried.length === 0 ? [] : ['Tried:']),
        ...facts.tried.map(({ place, reason }) => `- ${place}: ${reason}`),
        adviceOf(facts.remedy),
      ].join('\n')
    case 'ERR_CLOSURE_OPENSSL':
      return `${facts.call} returned ${facts.value} (${[facts.error, ...detailOf(facts)].join('; ')})`
    case 'ERR_OPENSSL_CALL_FAILED':
      return `${facts.call} failed: ${facts.queue.length === 0 ? 'it gives no reason' : detailOf(facts).join('; ')}`
    case 'ERR_OPENSSL_LACKS_FUNCTION':
      return `${facts.library} lacks ${facts.functions.join(', ')}`
    case 'ERR_OPENSSL_NEEDS_NEWER_GLIBC': {
      const has = facts.present === undefined ? 'this process has no glibc' : `this process has ${facts.present}`
      const advice = 'run Node under the loader of the release that the library is made for'
      return `${facts.library} needs glibc ${facts.needed}, and ${has}: ${advice} (ld-linux --library-path its/folder node …)`
    }
    case 'ERR_OPENSSL_SONAME_IN_USE': {
      const { library, soname, holder } = facts
      const before = `under which this process has loaded ${holder} already`
      return `${library} has the SONAME ${soname}, ${before}: the two would mix without a word`
    }
    case 'ERR_OPENSSL_WRONG_ARCHITECTURE':
      return `${facts.library} is made for ${facts.received}, and this process is ${facts.expected}`
  }
}

/** What to do, for people. */
export function adviceOf(remedy: LoadRemedy): string {
  switch (remedy.kind) {
    case 'build':
      return `To build it here, with a C++ compiler, make and python3: ${remedy.command}`
    case 'external':
      return (
        'This code runs in a bundle, which does not have it, and close-notify is not installed for the bundle. Make it external ' +
        "(esbuild: --external:close-notify, webpack: externals: ['close-notify']) and install it there; or take its binary " +
        'along, and name that in the variable CLOSE_NOTIFY_BINARY: docs/bundlers.md'
      )
    case 'explicit':
      return 'CLOSE_NOTIFY_BINARY names the only place to look at: correct it, or unset it'
    case 'allow-addons':
      return remedy.refusedBy === '--no-addons'
        ? 'This process may load no addon at all: start Node without --no-addons'
        : "Node's permission model lets this process load no addon at all: start Node with --allow-addons"
  }
}

/** The lists among the facts, one line for each entry. */
export function detailOf(facts: ErrorFacts): readonly string[] {
  if ('queue' in facts) return facts.queue.map(describeQueuedError)
  if ('tried' in facts) return facts.tried.map(({ place, reason }) => `${place}: ${reason}`)
  return 'functions' in facts ? facts.functions : []
}
