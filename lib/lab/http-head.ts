/** What requests and responses of HTTP/1.1 have in common: RFC 9112 section 2.1. */

/** Bytes of a head; one that is longer is none. */
export const maxHead = 64 * 1024

/** The value of the first field of that name, in small letters, in a head. */
export function fieldOf(head: string, name: string): string | undefined {
  const line = head.split(/\r?\n/).find((each) => each.toLowerCase().startsWith(`${name}:`))
  return line?.slice(name.length + 1).trim()
}
