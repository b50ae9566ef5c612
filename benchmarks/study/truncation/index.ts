/**
 * Who takes a cut response for a whole one. An attacker on the way, without any key, ends the connection after each byte
 * of the response's ciphertext in turn: sweep.ts. What it cost to ask is no part of the answer, so no time is taken.
 */
import type { Block, Question } from '../question.js'
import { type Client, clients, type Protocol, protocols, sweepsOf } from './cells.js'
import { needsOf } from './client.js'
import { presentation } from './presentation.js'
import { hangBudget, programPositions, sweepClient } from './sweep.js'

export const truncation: Question = {
  name: 'truncation',
  title: 'Who takes a cut response for a whole one',
  definitions: {
    client:
      "The program that asks for the response and reads it to its end: Node's https.get, fetch, http2; undici's " +
      'request(); https over TlsStream: http.get of Node on streams of connect(), whose TLS is not that of Node; curl ' +
      'on OpenSSL; libcurl on GnuTLS, called from Python; wget with one try; ' +
      "Python's http.client and urllib. Each checks for status 200, and the two of https for response.complete.",
    framing:
      'How the response says where its body ends: by the end of the connection (close-delimited), by Content-Length, ' +
      'by chunks, or by END_STREAM (http2). The body has 270 bytes in three records; head, end and close_notify have ' +
      'a record each.',
    protocol: 'The version of TLS.',
    ending:
      "FIN or RST, sent by the attacker right behind the bytes that it lets pass; the server's own end is held back. " +
      'Whether a client has read those bytes before RST comes is a race, and decides what some are told.',
    policy:
      "none, or onTruncation: error: controlClosure(agent, { onTruncation: 'error' }), for http2 on its socket, and for " +
      'undici and fetch closingConnect() with it. A TlsStream is so by default. Only for clients in Node.',
    position:
      "Bytes of the response's ciphertext that pass, the handshake and tickets not counted: each from 0 to all but one, " +
      'and for RST all. curl and wget, which are started for each, are tried at ' +
      `${programPositions} of them: those at the ends of records and beside, then at random. "of" in the measures ` +
      'says how many were tried.',
    'cut-accepted':
      'Share of the positions at which the client reports success with fewer bytes of the body than were sent.',
    whole: 'Share at which it reports success with all of them: the cut came behind the body.',
    error: 'Share at which it reports a failure.',
    hang: `Share at which it reports nothing within ${hangBudget} ms.`,
    crash: 'Share at which its process ends by a signal or an exception that nobody catches.',
    'body cut-accepted':
      'cut-accepted among the positions at which the head has passed as a whole and the body has not.',
  },
  blocks: () => protocols.flatMap((protocol) => clients.map((client) => blockOf(client, protocol))),
  presentation,
}

/** Seconds at scale 1. */
const seconds: Readonly<Record<Client, number>> = {
  'https.get': 18,
  fetch: 20,
  undici: 19,
  http2: 8,
  'https over TlsStream': 10,
  curl: 7,
  wget: 10,
  'http.client': 6,
  urllib: 7,
  'libcurl-gnutls': 6,
}

function blockOf(client: Client, protocol: Protocol): Block {
  return {
    id: `truncation client=${client} protocol=${protocol}`,
    cells: sweepsOf(client, protocol),
    needs: needsOf(client),
    seconds: seconds[client],
    run: (context) => sweepClient(client, protocol, context),
  }
}
