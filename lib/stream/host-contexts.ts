// The contexts that a server has for host names: server.addContext().
import type { SslContext } from '../openssl/context.js'

/** The last one that was added for a name counts. */
export class HostContexts {
  readonly #added: { readonly pattern: RegExp; readonly context: SslContext }[] = []

  /** A star stands for any characters but a dot, wherever it is. Capitals do not count: RFC 6066 section 3. */
  add(hostname: string, context: SslContext): void {
    const parts = hostname.split('*').map((part) => part.replaceAll(/[^\w-]/gu, (special) => `\\u{${codeOf(special)}}`))
    this.#added.push({ pattern: new RegExp(`^${parts.join('[^.]*')}$`, 'iu'), context })
  }

  find(servername: string): SslContext | undefined {
    return this.#added.findLast(({ pattern }) => pattern.test(servername))?.context
  }
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16)
}
