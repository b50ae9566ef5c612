/** What an answer to CCC means for a client. Pure. */
import type { Ccc, CccAccepted, Finding } from './result.js'

export function cccFinding(ccc: Ccc): Finding {
  return { question: 'ccc', ...judged(ccc) }
}

type Judged = Omit<Finding, 'question'>

function judged(ccc: Ccc): Judged {
  switch (ccc.kind) {
    case 'not-observed': {
      const { reason, detail } = ccc.failure
      return { weight: 'note', text: `Not observed: ${detail === undefined ? reason : `${reason}: ${detail}`}.` }
    }
    case 'refused': {
      const { command, reply } = ccc
      const said = `${reply.code}${reply.text === '' ? '' : ` ${reply.text}`}`
      if (command !== 'CCC') return { weight: 'note', text: `It does not take the login (${command}: ${said}).` }
      return reply.code === 530
        ? { weight: 'note', text: `It wants a login before CCC (${said}).` }
        : { weight: 'good', text: `It refuses CCC (${said}): the control connection stays in TLS.` }
    }
    case 'no-reply':
      return ccc.ending === 'plaintext'
        ? { weight: 'risk', text: `It answers ${ccc.command} outside of TLS, where anybody could have put that.` }
        : { weight: 'note', text: `It does not answer ${ccc.command} (${ccc.ending}).` }
    case 'accepted':
      return accepted(ccc)
  }
}

function accepted(ccc: CccAccepted): Judged {
  const { tls, control, unasked = 0 } = ccc
  if (unasked > 0) {
    return {
      weight: 'risk',
      text: `It takes CCC, and ${unasked} bytes of plaintext come that nobody asked for: whoever is on the way could have put them there.`,
    }
  }
  const end = tls === 'close_notify' ? 'with close_notify' : tls === 'none' ? 'without close_notify' : `with ${tls}`
  switch (control) {
    case 'plaintext':
      return tls === 'close_notify'
        ? {
            weight: 'note',
            text: `It takes CCC, ends TLS ${end}, and goes on in plaintext, which anybody on the way can read and change.`,
          }
        : {
            weight: 'risk',
            text: `It takes CCC and goes on in plaintext ${end}: a client cannot tell its plaintext from that of somebody else.`,
          }
    case 'garbage':
      return { weight: 'risk', text: `It takes CCC, ends TLS ${end}, and what comes then is no reply.` }
    case 'silent':
      return { weight: 'note', text: `It takes CCC, ends TLS ${end}, and does not answer in plaintext.` }
    case 'fin':
    case 'reset':
      return {
        weight: 'note',
        text: `It takes CCC, and ends TLS ${end} and TCP with ${control === 'fin' ? 'FIN' : 'RST'}: nothing goes on in plaintext.`,
      }
  }
}
