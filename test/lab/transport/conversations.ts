/**
 * The dialogue of each STARTTLS protocol, as its documents have it: what the server says, and byte by byte what the client
 * has to say. And what else servers say there.
 */
import type { StartTlsProtocol } from '../../../lib/lab/transport/starttls/protocols.js'

export interface Turn {
  readonly from: 'server' | 'client'
  readonly bytes: Buffer
}

export interface Conversation {
  readonly protocol: StartTlsProtocol
  /** After the last turn TLS begins. */
  readonly turns: readonly Turn[]
  /** What servers refuse with: in place of which turn, and what the detail has to show. */
  readonly refusals: readonly Refusal[]
  /** A beginning that never comes to an end, and what is said of it. */
  readonly endless: readonly Endless[]
  /** What servers of other protocols would say there: each is known as foreign at once. */
  readonly foreign: readonly string[]
}

interface Endless {
  readonly piece: string
  readonly reason: 'too-long' | 'not-the-protocol'
  /** What the detail begins with. */
  readonly detail?: string
}

interface Refusal {
  readonly turn: number
  readonly says: Buffer
  readonly detail: string
}

const server = (text: string | Buffer): Turn => ({ from: 'server', bytes: Buffer.from(text) })
const client = (text: string | Buffer): Turn => ({ from: 'client', bytes: Buffer.from(text) })
const refusal = (turn: number, says: string | Buffer, detail: string): Refusal => ({
  turn,
  says: Buffer.from(says),
  detail,
})

const ssh = 'SSH-2.0-OpenSSH_9.2p1\r\n'
const http = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'
/** Fatal, unexpected_message. */
const alert = '\x15\x03\x01\x00\x02\x02\x0a'

// --- MySQL ---

function mysqlPacket(payload: Buffer, number = 0): Buffer {
  const packet = Buffer.concat([Buffer.alloc(4), payload])
  packet.writeUIntLE(payload.length, 0, 3)
  packet.writeUInt8(number, 3)
  return packet
}

/** As MariaDB 10.11 sends it. */
function mysqlHandshake(lowerCapabilities: number, packetNumber = 0): Buffer {
  const capabilities = Buffer.alloc(2)
  capabilities.writeUInt16LE(lowerCapabilities)
  return mysqlPacket(
    Buffer.concat([
      Buffer.from('\x0a5.5.5-10.11.6-MariaDB\0', 'latin1'),
      Buffer.from([7, 0, 0, 0]),
      Buffer.from('abcdefgh\0'),
      capabilities,
      Buffer.from([45, 2, 0, 0xff, 0x81, 21, 0, 0, 0, 0, 0, 0, 0x1d, 0, 0, 0]),
      Buffer.from('ijklmnopqrst\0mysql_native_password\0'),
    ]),
    packetNumber,
  )
}

const mysqlSslRequest = mysqlPacket(
  Buffer.concat([Buffer.from([0x00, 0x8a, 0, 0, 0, 0, 0, 1, 33]), Buffer.alloc(23)]),
  1,
)

// --- LDAP ---

function ber(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  return Buffer.concat([Buffer.from([tag, content.length]), content])
}

function extendedResponse(id: number, code: number, text: string): Buffer {
  const result = [ber(0x0a, Buffer.of(code)), ber(0x04), ber(0x04, Buffer.from(text))]
  return ber(0x30, ber(0x02, Buffer.of(id)), ber(0x78, ...result))
}

/** The same with lengths in four bytes, as Active Directory writes them. */
function longForm(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x30, 0x84, 0, 0, 0, message.length - 2]), message.subarray(2)])
}

const ldapRequest = Buffer.concat([Buffer.from('301d02010177188016', 'hex'), Buffer.from('1.3.6.1.4.1.1466.20037')])

// --- XMPP ---

const streams = `xmlns:stream='http://etherx.jabber.org/streams'`
const tlsNamespace = `xmlns='urn:ietf:params:xml:ns:xmpp-tls'`

function xmpp(protocol: 'xmpp' | 'xmpp-server', namespace: string): Conversation {
  const header = `<?xml version='1.0'?><stream:stream ${streams} xmlns='${namespace}' id='a>b' from="localhost" version='1.0'>`
  const error = `<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`
  return {
    protocol,
    turns: [
      client(`<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='${namespace}' ${streams}>`),
      server(
        `${header}<stream:features><starttls ${tlsNamespace}><required/></starttls>` +
          `<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>`,
      ),
      client(`<starttls ${tlsNamespace}/>`),
      server(`<proceed ${tlsNamespace}/>`),
    ],
    refusals: [
      refusal(1, `${header}<stream:features/>`, 'it has none'),
      refusal(1, `${header}<stream:features><bind/><sasl><starttls/></sasl></stream:features>`, 'among bind, sasl'),
      refusal(1, header + error, 'error host-unknown'),
      refusal(3, `<failure ${tlsNamespace}/></stream:stream>`, 'starttls: failure'),
    ],
    endless: [
      { piece: `${header}<stream:features>` + '<a/>'.repeat(2000), reason: 'too-long' },
      { piece: `<stream:stream from='`, reason: 'too-long' },
      { piece: 'x', reason: 'not-the-protocol' },
    ],
    foreign: [ssh, http, alert, '220 mail\r\n', '<html><body>', '<!DOCTYPE html>', '</a>'],
  }
}

// --- All of them ---

const foreignLines = [ssh, http, alert, 'hello\r\n', '\r\n', '\0']

export const conversations: readonly Conversation[] = [
  {
    protocol: 'smtp',
    turns: [
      server('220-mail.example.org ESMTP\r\n220-\r\n220 no spam\r\n'),
      client('EHLO [127.0.0.1]\r\n'),
      server('250-mail.example.org\r\n250-SIZE 1000\r\n250-StartTLS\r\n250 HELP\r\n'),
      client('STARTTLS\r\n'),
      server('220 2.0.0 go ahead\r\n'),
    ],
    refusals: [
      refusal(0, '554 5.7.1 no\x1b[31m service\r\n', 'the greeting: 554 5.7.1 no\\x1b[31m service'),
      refusal(0, '421-busy\r\n421 come back\r\n', 'the greeting: 421 busy come back'),
      refusal(2, '502 what?\r\n', 'EHLO: 502 what?'),
      refusal(2, '250-mail.example.org\r\n250-SIZE\r\n250 XSTARTTLS\r\n', 'STARTTLS is not among SIZE, XSTARTTLS'),
      // The name of the server is no extension.
      refusal(2, '250 STARTTLS\r\n', 'it has none'),
      refusal(4, '454 4.7.0 TLS not available\r\n', 'STARTTLS: 454 4.7.0 TLS not available'),
    ],
    endless: [
      { piece: '220-more\r\n', reason: 'too-long', detail: 'more than 1000 lines' },
      { piece: '2', reason: 'too-long', detail: 'more than 32768 bytes' },
    ],
    foreign: [...foreignLines, '* OK IMAP\r\n', '220-a\r\n250 b\r\n', '220-a\r\nfree\r\n'],
  },
  {
    protocol: 'imap',
    turns: [
      server('* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n'),
      client('a1 STARTTLS\r\n'),
      server('* CAPABILITY IMAP4rev1\r\na1 ok begin\r\n'),
    ],
    refusals: [
      refusal(0, '* PREAUTH you are root\r\n', 'the greeting: * PREAUTH you are root'),
      refusal(0, '* BYE too many\r\n', 'the greeting: * BYE too many'),
      refusal(2, 'a1 NO not now\r\n', 'STARTTLS: a1 NO not now'),
      refusal(2, '* OK wait\r\na1 BAD unknown command\r\n', 'STARTTLS: a1 BAD unknown command'),
      refusal(2, '* BYE\r\n', 'STARTTLS: * BYE'),
    ],
    endless: [
      { piece: '* OK', reason: 'too-long', detail: 'more than 32768 bytes' },
      { piece: 'x\r\n', reason: 'not-the-protocol' },
    ],
    foreign: [...foreignLines, '220 mail\r\n', '+OK POP\r\n'],
  },
  {
    protocol: 'pop3',
    turns: [server('+OK <1896.697170952@example.org>\r\n'), client('STLS\r\n'), server('+OK Begin TLS\r\n')],
    refusals: [
      refusal(0, '-ERR [SYS/TEMP] too busy\r\n', 'the connection: -ERR [SYS/TEMP] too busy'),
      refusal(2, '-ERR no TLS\r\n', 'STLS: -ERR no TLS'),
    ],
    endless: [{ piece: '+OK', reason: 'too-long', detail: 'more than 32768 bytes' }],
    foreign: [...foreignLines, '220 mail\r\n', '* OK IMAP\r\n', '+OKAY\r\n'],
  },
  {
    protocol: 'ftp',
    turns: [
      server('120 in 1 minute\r\n220-Welcome\r\n  to all\r\n221 is not the end\r\n220 ready\r\n'),
      client('AUTH TLS\r\n'),
      server('234 Proceed with negotiation.\r\n'),
    ],
    refusals: [
      refusal(0, '421 too many users\r\n', 'the greeting: 421 too many users'),
      refusal(2, '530 Please login with USER and PASS.\r\n', 'AUTH TLS: 530 Please login with USER and PASS.'),
      refusal(2, '534-Policy\r\nrequires\r\n534 SSL\r\n', 'AUTH TLS: 534 Policy requires SSL'),
      refusal(2, '334 ADAT=\r\n', 'AUTH TLS: 334 ADAT='),
    ],
    endless: [
      { piece: '220-more\r\n', reason: 'too-long', detail: 'more than 1000 lines' },
      { piece: '120 wait\r\n', reason: 'too-long', detail: 'more than 1000 lines' },
    ],
    foreign: [...foreignLines, '* OK IMAP\r\n'],
  },
  {
    protocol: 'postgres',
    turns: [client(Buffer.from('0000000804d2162f', 'hex')), server('S')],
    refusals: [
      refusal(1, 'N', 'SSLRequest: N'),
      refusal(1, 'Ecould not fork new process\n\0', 'SSLRequest: Ecould not fork new process\\n\\x00'),
    ],
    endless: [{ piece: 'x', reason: 'not-the-protocol' }],
    foreign: [http, alert, '220 mail\r\n'],
  },
  {
    protocol: 'mysql',
    turns: [server(mysqlHandshake(0xfffe)), client(mysqlSslRequest)],
    refusals: [
      refusal(0, mysqlHandshake(0xf7fe), 'it is without CLIENT_SSL'),
      refusal(
        0,
        mysqlPacket(Buffer.from('\xff\x10\x04Too many connections', 'latin1')),
        'error 1040 Too many connections',
      ),
    ],
    endless: [{ piece: 'x', reason: 'not-the-protocol' }],
    foreign: [
      ssh,
      http,
      alert,
      '220 mail\r\n',
      '\x01\0\0\0\x09',
      '\x01\0\0\0\x0a',
      '\0\0\0\0',
      mysqlHandshake(0xfffe, 1).toString('latin1'),
    ],
  },
  {
    protocol: 'ldap',
    turns: [client(ldapRequest), server(extendedResponse(1, 0, ''))],
    refusals: [
      refusal(1, extendedResponse(1, 2, 'unsupported extended operation'), 'result 2 protocolError unsupported'),
      refusal(1, longForm(extendedResponse(1, 52, '')), 'StartTLS: result 52 unavailable'),
      refusal(1, extendedResponse(0, 0, 'bye'), 'a notice that it disconnects: result 0 bye'),
    ],
    endless: [{ piece: 'x', reason: 'not-the-protocol' }],
    foreign: [
      ssh,
      http,
      alert,
      '220 mail\r\n',
      '\x30\x80',
      '\x30\x84\x7f\xff\xff\xff',
      '\x30\x00',
      '\x30\x03\x02\x01\x01',
    ],
  },
  xmpp('xmpp', 'jabber:client'),
  xmpp('xmpp-server', 'jabber:server'),
]
