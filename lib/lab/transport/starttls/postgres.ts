/** PostgreSQL: SSLRequest, of "Message Formats" in its manual (protocol-message-formats.html). */
import type { Dialogue } from '../dialogue.js'

/** Length and code 1234.5679. */
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])

/** The answer is one byte, which no length and no line comes with. */
export async function postgres(dialogue: Dialogue): Promise<void> {
  const expected = 'S or N'
  dialogue.say(sslRequest)
  await dialogue.take(expected, (buffer) => {
    switch (buffer.toString('latin1', 0, 1)) {
      case 'S':
        return 1
      case 'N':
        throw dialogue.refused('SSLRequest', 'N, the server has no TLS, or none for this client')
      // An ErrorResponse: the server has no process for us, or is older than the request.
      case 'E':
        throw dialogue.refused('SSLRequest', buffer)
      default:
        throw dialogue.unexpected(expected)
    }
  })
}
