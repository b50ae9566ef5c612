/** Servers whose last bytes no SSL sends by itself: cut records, alerts out of order, bytes that are no TLS. */
import type { ServerDefinition } from './script.js'

export const irregularServers = {
  truncates: {
    does: "Sends a response up to a byte of its body, then an attacker's FIN: records are whole, no alert comes.",
    documented: 'the truncation attack: RFC 9112 section 9.8, RFC 8446 section 6.1; Berbecaru and Lioy, EuroPKI 2007',
    async script(serving) {
      await serving.serveOnce({ upTo: serving.cut })
      serving.acts.fin()
    },
  },
  'truncates-by-reset': {
    does: 'Sends a response up to a byte of its body, then RST: records are whole, no alert comes.',
    documented:
      'a process that is killed with unread bytes, a firewall that ends a connection; RFC 9293 section 3.10.7',
    async script(serving) {
      const { acts } = serving
      await serving.serveOnce({ upTo: serving.cut })
      // What is still in this process would be lost with the socket.
      await acts.until(() => acts.wire.socket.writableLength === 0 || acts.wire.isOver, acts.hold)
      acts.reset()
    },
  },
  'truncates-by-close-notify': {
    does: 'Sends a response up to a byte of its body, then close_notify and FIN: only HTTP can tell that it is cut.',
    documented: 'a program that fails within a response, on a server that closes by the rules; RFC 9112 section 8',
    async script(serving) {
      await serving.serveOnce({ upTo: serving.cut })
      serving.acts.closeNotify()
      serving.acts.fin()
    },
  },
  'fin-mid-record': {
    does: 'Sends a response up to a byte of its body, half of a record more, then FIN.',
    documented: "s2n-tls's tests of partial records; a cable that is pulled, a process that is killed",
    async script(serving) {
      await serving.serveOnce({ upTo: serving.cut })
      const half = Buffer.alloc(64, 'never seen ')
      serving.acts.dataCut(half, half.length / 2, 'part of a response')
      serving.acts.fin()
    },
  },
  'fin-mid-alert': {
    does: 'Sends a whole response, half of its close_notify, then FIN.',
    documented: "s2n-tls's tests of partial records",
    async script(serving) {
      await serving.serveOnce()
      serving.acts.closeNotifyCut(9)
      serving.acts.fin()
    },
  },
  'user-canceled': {
    does: 'Answers one request, then sends user_canceled, close_notify and FIN.',
    documented: 'Java 11 and newer: JDK-8207009; RFC 8446 section 6.1 has it so',
    forges: true,
    async script(serving) {
      const { acts } = serving
      await serving.serveOnce()
      acts.forge({ did: 'user_canceled' })
      acts.closeNotify()
      acts.fin()
    },
  },
  'fatal-alert': {
    does: 'Answers one request, then sends a fatal internal_error in place of close_notify, and FIN.',
    documented: "BoringSSL's test Unclean-Shutdown-Alert",
    forges: true,
    async script(serving) {
      await serving.serveOnce()
      serving.acts.forge({ did: 'alert:internal_error', name: 'internal_error' })
      serving.acts.fin()
    },
  },
  'data-after-close-notify': {
    does: "Sends data behind the client's close_notify; where it begins, behind its own, which TLS forbids.",
    documented:
      "BoringSSL's test Shutdown-Shim-ApplicationData; APPLICATION_DATA_AFTER_CLOSE_NOTIFY in Asio, hypercorn",
    forges: true,
    async script(serving) {
      const { acts } = serving
      if ((await serving.serve()) === 'client closes') {
        await acts.data([Buffer.from('too late\n')])
        acts.closeNotify()
      } else {
        acts.closeNotify()
        acts.forge({ did: 'data', text: 'too late\n' })
      }
      acts.fin()
    },
  },
  'close-notify-and-plaintext': {
    does: 'Answers one request, then sends close_notify and plaintext in one segment, and leaves TCP open.',
    documented: 'the way back from TLS (FTP CCC, LDAP): what trio and Erlang hand out as surplus',
    async script(serving) {
      const { acts } = serving
      await serving.serveOnce()
      acts.together(() => {
        acts.closeNotify()
        acts.raw(Buffer.from('220 plaintext again\r\n'), 'plaintext')
      })
      await acts.untilOver()
      acts.fin()
    },
  },
  'close-notify-and-garbage': {
    does: 'Answers one request, then sends close_notify, 64 bytes that are no TLS, and FIN.',
    documented: "swift-nio-ssl's test with gibberish behind close_notify",
    async script(serving) {
      const { acts } = serving
      await serving.serveOnce()
      acts.together(() => {
        acts.closeNotify()
        acts.raw(garbage, 'garbage')
      })
      acts.fin()
    },
  },
  'fragmented-close-notify': {
    does: 'Answers one request, then sends close_notify in two records of a byte each, and FIN.',
    documented: "TLS-Anvil's fragmentation; allowed in TLS 1.2, illegal in TLS 1.3 (RFC 8446 section 5.1)",
    versions: ['TLSv1.2'],
    forges: true,
    async script(serving) {
      await serving.serveOnce()
      serving.acts.forge({ did: 'close_notify, in fragments' })
      serving.acts.fin()
    },
  },
  'fatal-close-notify': {
    does: 'Answers one request, then sends close_notify with the level fatal, and FIN.',
    documented: "TLS-Attacker's close_notify",
    forges: true,
    async script(serving) {
      await serving.serveOnce()
      serving.acts.forge({ did: 'close_notify, fatal' })
      serving.acts.fin()
    },
  },
  'close-notify-in-handshake': {
    does: 'Answers the ClientHello with close_notify in the clear, and FIN.',
    documented:
      'TLS-Anvil 5246-ANzf57gCyp; hello_tls#6 found it on 13 % of 1,000 servers in place of handshake_failure',
    insteadOfHandshake: true,
    async script({ acts }) {
      acts.raw(closeNotifyInTheClear, 'close_notify')
      acts.fin()
      await acts.untilOver()
    },
  },
  'key-update-while-closing': {
    does: "Sends a KeyUpdate that asks for one before its close_notify, the client's being there or not.",
    documented: "BoringSSL's test Shutdown-Shim-KeyUpdate; RFC 8446 section 4.6.3",
    versions: ['TLSv1.3'],
    async script(serving) {
      const { acts } = serving
      await serving.serve()
      acts.keyUpdate()
      acts.closeNotify()
      await acts.untilClosed()
      acts.fin()
    },
  },
  'hello-request-while-closing': {
    does: "Sends a HelloRequest before its close_notify, the client's being there or not.",
    documented: "BoringSSL's tests Shutdown-Shim-HelloRequest; RFC 5246 section 7.4.1.1",
    versions: ['TLSv1.2'],
    forges: true,
    async script(serving) {
      const { acts } = serving
      await serving.serve()
      acts.forge({ did: 'hello_request' })
      acts.closeNotify()
      await acts.untilClosed()
      acts.fin()
    },
  },
} as const satisfies Readonly<Record<string, ServerDefinition>>

/** Begins with a byte that no record begins with. */
const garbage = Buffer.alloc(64, 0xfe)

// RFC 8446 section 5.1: type alert, version, length; then level and description.
const closeNotifyInTheClear = Buffer.from([21, 3, 3, 0, 2, 1, 0])
