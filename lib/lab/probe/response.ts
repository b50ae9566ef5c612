/**
 * Reads a response as it comes, to know when it is complete: the head of HTTP/1.1, then a body by Content-Length, by
 * chunks (RFC 9112 section 7.1), or up to the end of the connection. Nothing of it is kept.
 */
import { fieldOf, maxHead } from '../http-head.js'
import type { ResponseFacts } from './result.js'

export interface ResponseReader {
  /** Returns what has to be answered at once, if anything. */
  push(bytes: Buffer): Buffer | undefined
  /** Whether all of it came; undefined where only the connection's end can tell. */
  readonly complete: boolean | undefined
  /** Facts so far. */
  readonly facts: Omit<ResponseFacts, 'bytes'>
}

/** Of what is not HTTP: it is complete when nothing comes any more, which its reader cannot know. */
export function readsAnything(): ResponseReader {
  return { push: () => undefined, complete: undefined, facts: {} }
}

type Body =
  | { readonly kind: 'content-length'; left: number }
  | { readonly kind: 'chunked'; line: string; left: number; state: 'size' | 'data' | 'trailer' | 'done' }
  | { readonly kind: 'close' }
  | { readonly kind: 'no-body' }

export class HttpResponseReader implements ResponseReader {
  #head = ''
  #status: number | undefined
  #body: Body | undefined
  #isHttp = true

  get complete(): boolean | undefined {
    const body = this.#body
    if (!this.#isHttp || body?.kind === 'close') return undefined
    if (body === undefined) return false
    if (body.kind === 'no-body') return true
    return body.kind === 'content-length' ? body.left <= 0 : body.state === 'done'
  }

  get facts(): Omit<ResponseFacts, 'bytes'> {
    const { complete } = this
    return {
      ...(this.#status !== undefined && { status: this.#status }),
      ...(this.#body !== undefined && { delimitedBy: this.#body.kind }),
      ...(complete !== undefined && { complete }),
    }
  }

  push(bytes: Buffer): undefined {
    this.#push(bytes)
  }

  #push(bytes: Buffer): void {
    if (!this.#isHttp) return
    if (this.#body !== undefined) {
      this.#pushBody(this.#body, bytes)
      return
    }
    // One byte for one character, so that lengths stay what they are.
    this.#head += bytes.toString('latin1')
    const end = /\r?\n\r?\n/.exec(this.#head)
    if (end === null) {
      this.#isHttp = this.#head.length <= maxHead && 'HTTP/1.'.startsWith(this.#head.slice(0, 7))
      return
    }
    const rest = Buffer.from(this.#head.slice(end.index + end[0].length), 'latin1')
    const head = this.#head.slice(0, end.index)
    this.#head = ''
    this.#begin(head)
    if (rest.length > 0) this.#push(rest)
  }

  #begin(head: string): void {
    const status = Number(/^HTTP\/1\.\d (\d{3})/.exec(head)?.[1])
    if (Number.isNaN(status)) {
      this.#isHttp = false
      return
    }
    // An interim response is followed by another one: RFC 9110 section 15.2.
    if (status >= 100 && status < 200) return
    this.#status = status
    const length = fieldOf(head, 'content-length')
    if (status === 204 || status === 304) this.#body = { kind: 'no-body' }
    else if (/\bchunked$/i.test(fieldOf(head, 'transfer-encoding') ?? '')) {
      this.#body = { kind: 'chunked', line: '', left: 0, state: 'size' }
    } else if (length !== undefined && /^\d+$/.test(length))
      this.#body = { kind: 'content-length', left: Number(length) }
    else this.#body = { kind: 'close' }
  }

  #pushBody(body: Body, bytes: Buffer): void {
    if (body.kind === 'content-length') body.left -= bytes.length
    if (body.kind !== 'chunked') return
    let at = 0
    while (at < bytes.length && body.state !== 'done') {
      if (body.state === 'data') {
        const taken = Math.min(body.left, bytes.length - at)
        body.left -= taken
        at += taken
        if (body.left === 0) body.state = 'size'
        continue
      }
      const end = bytes.indexOf(0x0a, at)
      const part = bytes.toString('latin1', at, end === -1 ? undefined : end)
      body.line += part
      if (end === -1) return
      at = end + 1
      const line = body.line.trim()
      body.line = ''
      if (body.state === 'trailer') {
        if (line === '') body.state = 'done'
        continue
      }
      const size = Number.parseInt(line, 16)
      if (Number.isNaN(size)) {
        this.#isHttp = false
        return
      }
      // The chunk's own line end belongs to it.
      body.left = size + 2
      body.state = size === 0 ? 'trailer' : 'data'
    }
  }
}
