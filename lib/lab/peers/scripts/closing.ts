/** Servers that close in plain ways, by the rules or not: every record is one that OpenSSL itself sends. */
import type { ServerDefinition } from './script.js'

/** ms without a request after which a server that closes idle connections does so. */
const idle = 300

export const closingServers = {
  polite: {
    does: "Answers the client's close_notify with its own, then FIN; where it begins, FIN waits for the client's.",
    documented: 'RFC 8446 section 6.1, RFC 5246 section 7.2.1; rarely the default of anything',
    async script(serving) {
      const { acts } = serving
      await serving.serve()
      acts.closeNotify()
      await acts.untilClosed()
      acts.fin()
    },
  },
  answers: {
    does: 'Closes by close_notify and FIN together, also in answer to that of the client.',
    documented: 'public web servers of one kind: the reports that rustls#380 collects',
    async script(serving) {
      const { acts } = serving
      await serving.serve()
      acts.closeNotify()
      acts.fin()
    },
  },
  drops: {
    does: "Closes TCP without an alert, also in answer to the client's close_notify.",
    documented: "public web servers of the other kind: tlsn#336, 'most of the servers don't send it anyway'",
    async script(serving) {
      const { acts } = serving
      await serving.serve()
      acts.fin()
    },
  },
  'answers-without-fin': {
    does: "Answers the client's close_notify with its own, and never sends FIN.",
    documented: "openssl#1806, 'close_notify without TCP close'",
    async script(serving) {
      const { acts } = serving
      await serving.serve()
      acts.closeNotify()
      await acts.idle()
    },
  },
  'mutual-wait': {
    does: "Does not answer the client's close_notify, and waits for its FIN.",
    documented: "Microsoft's FTP server: curl#17130",
    async script(serving) {
      const { acts } = serving
      await serving.serve()
      await acts.untilOver()
      acts.fin()
    },
  },
  silent: {
    does: "Neither answers the client's close_notify nor its FIN.",
    documented: 'login.microsoftonline.com (httpx#634), Azure Blob Storage (aiohttp#11091)',
    async script(serving) {
      const { acts } = serving
      await serving.serve()
      await acts.idle()
    },
  },
  'bare-fin': {
    does: 'Answers one request, then sends FIN without an alert.',
    documented: "openssl s_server (openssl#1806), .NET's HttpClient (dotnet/runtime#44660), socket.destroy() of Node",
    async script(serving) {
      const { acts } = serving
      await serving.serveOnce()
      acts.fin()
    },
  },
  'reset-on-close-notify': {
    does: "Answers the client's close_notify with RST.",
    documented: 'nginx, which does not wait (nginx#627), Go (golang/go#71172)',
    async script(serving) {
      const { acts } = serving
      if ((await serving.serve()) === 'we close') acts.closeNotify()
      if (await acts.untilClosed()) acts.reset()
    },
  },
  'keeps-streaming': {
    does: "Sends data without an end once the client has closed, whatever the client's alert says.",
    documented: "a comment in trio's SSLStream, and GnuTLS, which discards without a limit",
    async script(serving) {
      const { acts } = serving
      await serving.serve()
      const isGone = () => acts.wire.seen.reset !== undefined || acts.wire.socket.destroyed
      const piece = Buffer.alloc(4096, 'and on ')
      const end = performance.now() + acts.hold
      let bytes = 0
      const at = performance.now()
      try {
        // A client that only discards shall not keep a processor busy.
        while (!isGone() && performance.now() < end) {
          if (!acts.wire.socket.writableNeedDrain) {
            acts.wire.write(piece)
            bytes += piece.length
          }
          await acts.until(isGone, 5)
        }
      } finally {
        acts.note('data', { at, bytes })
      }
    },
  },
  'unread-tickets': {
    does: 'Sends two session tickets behind the handshake, which a client that only writes leaves unread, and closes.',
    documented: "openssl#7948; two tickets are a server's default in OpenSSL",
    versions: ['TLSv1.3'],
    tickets: 2,
    async script(serving) {
      const { acts } = serving
      await serving.serveOnce()
      acts.closeNotify()
      acts.fin()
    },
  },
  strict: {
    does: "Demands the client's close_notify: what came counts only then, and an end without it is answered with RST.",
    documented: "vsftpd's strict_ssl_read_eof, and FileZilla's server (curl#11383)",
    async script(serving) {
      const { acts } = serving
      if ((await serving.serve()) === 'we close') acts.closeNotify()
      await acts.untilClosed()
      if (acts.wire.seen.closeNotifyAt === undefined) {
        acts.judge('rejected', 'the client ended without close_notify')
        acts.reset()
        return
      }
      acts.judge('accepted', "the client's close_notify came")
      if (acts.wire.sentCloseNotifyAt === undefined) acts.closeNotify()
      acts.fin()
    },
  },
  schannel: {
    does: "Answers one request, sends close_notify, and reads on until the client's arrives; FIN only then.",
    documented: "Microsoft's example of ApplyControlToken with SCHANNEL_SHUTDOWN, in its documentation of SChannel",
    async script(serving) {
      const { acts } = serving
      await serving.serveOnce()
      acts.closeNotify()
      await acts.untilClosed()
      acts.fin()
    },
  },
  'keep-alive-closer': {
    does: `Sends close_notify without FIN to a connection that was idle for ${idle} ms; FIN answers what comes then.`,
    documented:
      'reports about servers that Internet Explorer failed with: it waited for FIN, and used the connection again',
    async script(serving) {
      const { acts } = serving
      await serving.serve({ idle })
      acts.closeNotify()
      const { bytes } = acts.wire.seen
      await acts.until(() => acts.wire.seen.bytes > bytes || acts.isClosedByOther, acts.hold)
      acts.fin()
    },
  },
  'pooling-server': {
    does: `Closes a connection that was idle for ${idle} ms by FIN, without an alert.`,
    documented: 'application servers that kill idle connections of a pool on the level of the socket',
    async script(serving) {
      const { acts } = serving
      await serving.serve({ idle })
      acts.fin()
    },
  },
} as const satisfies Readonly<Record<string, ServerDefinition>>
