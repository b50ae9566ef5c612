/** Clients that close as known software does, or did. */
import type { ClientDefinition } from './script.js'

export const clients = {
  chrome: {
    does: 'Sends FIN without an alert when it has the response, whether that is complete or not.',
    documented: "Chromium's SSLClientSocketImpl::Disconnect, which closes the socket and does not call SSL_shutdown",
    async script(asking) {
      await asking.request('keep-alive')
      await asking.untilAnswered()
      asking.judgeByFraming()
      asking.acts.fin()
    },
  },
  firefox: {
    does: 'Sends close_notify and FIN when it has the response and does not wait; the right alert where TLS failed.',
    documented: "NSS's ssl_SecureClose; a certificate that is not trusted is refused by its alert (--ca-file)",
    async script(asking) {
      await asking.request('keep-alive')
      await asking.untilAnswered()
      asking.judgeByFraming()
      asking.acts.closeNotify()
      asking.acts.fin()
    },
  },
  'internet-explorer': {
    does: "Takes the server's close_notify without FIN for nothing, goes on using the connection, and fails.",
    documented:
      "old reports about Internet Explorer's keep-alive, the reason for Apache's ssl-unclean-shutdown and nokeepalive",
    async script(asking) {
      const { acts } = asking
      await asking.request('keep-alive')
      await asking.untilAnswered()
      asking.judgeByFraming()
      await asking.untilClosed(asking.wait)
      if (!acts.wire.isOver) {
        await asking.request('keep-alive')
        await acts.until(() => asking.response.complete === true || acts.wire.isOver, asking.wait)
        if (asking.response.complete !== true) {
          acts.judge('rejected', 'the next request on the same connection was not answered')
        }
      }
      acts.fin()
    },
  },
  'gnutls-strict': {
    does: 'Reads to the end; a missing close_notify is fatal, and the response is thrown away. Otherwise it answers.',
    documented: 'GNUTLS_E_PREMATURE_TERMINATION, gnutls_record_recv(3)',
    async script(asking) {
      await asking.request('close')
      await asking.untilClosed()
      asking.judgeStrictly('GNUTLS_E_PREMATURE_TERMINATION: TLS was not closed by the server')
      if (asking.acts.wire.seen.closeNotifyAt !== undefined) asking.acts.closeNotify()
      asking.acts.fin()
    },
  },
  cdsa: {
    does: 'Reads to the end; a missing close_notify is fatal, and the response is thrown away. Always sends close_notify.',
    documented: "errSSLClosedNoNotify (-9816) and SSLClose of Apple's Secure Transport",
    async script(asking) {
      await asking.request('close')
      await asking.untilClosed()
      asking.judgeStrictly('errSSLClosedNoNotify: the server has closed TCP without a notification')
      asking.acts.closeNotify()
      asking.acts.fin()
    },
  },
  'nss-lenient': {
    does: 'Reads to the end; a missing close_notify reads as a normal end. Sends close_notify, does not wait.',
    documented: "NSS: PR_Recv returns 0 for both ends; NSS's test ShutdownOneSideThenCloseTcp",
    async script(asking) {
      await asking.request('close')
      const hasClosed = await asking.untilClosed()
      if (hasClosed) asking.acts.judge('accepted', 'the end of TCP is a normal end')
      else asking.acts.judge('rejected', 'the server did not close in time')
      asking.acts.closeNotify()
      asking.acts.fin()
    },
  },
  waits: {
    does: "Sends close_notify when it has the response, and keeps TCP open until the server's comes.",
    documented: "asyncio's ssl_shutdown_timeout, whose waits are 30 s (aiohttp#11091); GnuTLS's SHUT_RDWR",
    async script(asking) {
      await asking.request('keep-alive')
      await asking.untilAnswered()
      asking.judgeByFraming()
      asking.acts.closeNotify()
      await asking.untilClosed(asking.wait)
      asking.acts.fin()
    },
  },
} as const satisfies Readonly<Record<string, ClientDefinition>>
