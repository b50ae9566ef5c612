/**
 * The next line of a stream, without its end. What has come behind it stays in the stream: where TLS begins or ends there, it
 * belongs to somebody else.
 *
 * @param {import('node:stream').Duplex} stream
 */
export async function readLine(stream) {
  let bytes = Buffer.alloc(0)
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    bytes = Buffer.concat([bytes, chunk])
    const end = bytes.indexOf('\r\n')
    if (end === -1) continue
    const rest = bytes.subarray(end + 2)
    if (rest.length > 0) stream.unshift(rest)
    return bytes.subarray(0, end).toString()
  }
  throw new Error('Expected a line, and the stream has ended')
}

/**
 * Sends a command, and gives the line that answers it.
 *
 * @param {import('node:stream').Duplex} stream
 * @param {string} command
 */
export async function ask(stream, command) {
  stream.write(`${command}\r\n`)
  return readLine(stream)
}
