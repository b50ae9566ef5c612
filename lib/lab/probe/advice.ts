/** What the answers mean for whoever connects to the server: one finding per question, and the mode to use. Pure. */
import type { Advice, Answer, Answers, Ccc, Ending, Finding, Observed, ProbedVersion, Question } from './result.js'
import { cccFinding } from './ccc-finding.js'

/** The least budget that is worth setting, in ms, and how many times the measured wait it should hold. */
const leastBudget = 500
const budgetFactor = 4

/** `ccc` is undefined where it was not asked. */
export function adviceFor({ answers, resumption, ccc }: Judgeable): Advice {
  const findings = [
    finding('afterResponse', answers, afterResponse),
    finding('onCloseNotify', answers, onCloseNotify),
    finding('onCloseNotifyAfterRequest', answers, onCloseNotifyAfterRequest),
    finding('onFin', answers, onFin),
    finding('onFinInRequest', answers, onFinInRequest),
    finding('idle', answers, idle),
    resumptionFinding(resumption),
    ccc === undefined ? undefined : cccFinding(ccc),
  ].filter((each) => each !== undefined)
  const wait = waitOf(answers)
  if (wait === undefined) return { mode: 'unidirectional', findings }
  return { mode: 'bidirectional', waitTimeout: budgetFor(wait), findings }
}

type Judgeable = Pick<ProbedVersion, 'answers' | 'resumption'> & { readonly ccc?: Ccc | undefined }

type Judged = Omit<Finding, 'question'>

function finding(question: Question, answers: Answers, judge: (observed: Observed) => Judged): Finding | undefined {
  const answer: Answer | undefined = answers[question]
  if (answer === undefined) return undefined
  if (answer.kind === 'observed') return { question, ...(refusal(answer) ?? judge(answer)) }
  const { reason, detail } = answer.failure
  const why = detail === undefined ? reason : `${reason}: ${detail}`
  return { question, weight: 'note', text: `Not observed: ${why}.` }
}

/**
 * Alerts that a server has for a client's certificate alone: RFC 8446 section 6.2. In TLS 1.3 the client's handshake is done
 * before the server has looked at it, and the refusal is what answers the question.
 */
const ofCertificates: readonly string[] = [
  'bad_certificate',
  'unsupported_certificate',
  'certificate_revoked',
  'certificate_expired',
  'certificate_unknown',
  'unknown_ca',
  'access_denied',
  'certificate_required',
].map((name) => `alert:${name}`)

function refusal({ ending }: Observed): Judged | undefined {
  if (!ofCertificates.includes(ending)) return undefined
  const text = `It refuses the client behind the handshake (${ending}): it wants a certificate that it trusts.`
  return { weight: 'risk', text }
}

/** ms until the server's close_notify answers ours; undefined where it does not. */
function waitOf({ onCloseNotify: answer }: Answers): number | undefined {
  return answer?.kind === 'observed' ? answer.closeNotifyAt : undefined
}

function budgetFor(wait: number): number {
  return Math.max(leastBudget, Math.ceil((budgetFactor * wait) / 100) * 100)
}

function afterResponse({ ending, response, closeNotifyAt }: Observed): Judged {
  const isFramed = response?.complete !== undefined
  const end = isFramed
    ? 'The response says itself where it ends, so that a cut is seen in any case.'
    : 'Nothing but the end of the connection tells where this response ends.'
  if (isAlert(ending)) return { weight: 'risk', text: `It ends with a fatal alert (${ending}).` }
  switch (ending) {
    case 'close_notify+fin':
      return { weight: 'good', text: `It ends a response with close_notify and FIN. ${end}` }
    case 'close_notify':
      return {
        weight: 'note',
        text:
          `It sends close_notify${closeNotifyAt === undefined ? '' : ` ${atMs(closeNotifyAt)}`} and leaves TCP open: ` +
          `whoever waits for FIN waits in vain; close when close_notify comes. ${end}`,
      }
    case 'fin':
    case 'reset': {
      const how = ending === 'fin' ? 'FIN' : 'RST'
      return isFramed
        ? {
            weight: 'note',
            text: `It ends with a bare ${how}. ${end} A demand for close_notify fails here for nothing.`,
          }
        : { weight: 'risk', text: `It ends with a bare ${how}. ${end} A cut response cannot be told from a whole one.` }
    }
    case 'silent':
      return { weight: 'note', text: 'It keeps the connection open behind a response that was to be the last.' }
  }
}

function onCloseNotify(observed: Observed): Judged {
  const { ending, closeNotifyAt, waited, tcp } = observed
  const at = closeNotifyAt ?? 0
  if (isAlert(ending)) return { weight: 'note', text: `It answers with a fatal alert (${ending}).` }
  switch (ending) {
    case 'close_notify+fin':
      return {
        weight: 'good',
        text: `It answers close_notify ${atMs(at)}, and FIN. Waiting for it costs about that; a budget of ${budgetFor(at)} ms holds it.`,
      }
    case 'close_notify':
      return {
        weight: 'good',
        text: `It answers close_notify ${atMs(at)} and leaves TCP to us. Waiting for it costs about that; a budget of ${budgetFor(at)} ms holds it.`,
      }
    case 'fin':
      return {
        weight: 'note',
        text: `It closes TCP ${atMs(observed.finAt)} without an answer: a wait ends there, and proves nothing.`,
      }
    case 'reset':
      return {
        weight: 'risk',
        text: `It answers with RST ${atMs(observed.resetAt)}: what it had sent and we had not read is lost. Read all before closing.`,
      }
    case 'silent':
      return {
        weight: 'note',
        text: `Nothing comes within ${Math.round(waited)} ms${tcp === 'open' ? ', and TCP stays open' : ''}: every wait takes its whole budget. Do not wait for it.`,
      }
  }
}

function onCloseNotifyAfterRequest({ ending, bytes, response, stillSending }: Observed): Judged {
  if (bytes === 0) {
    return {
      weight: 'risk',
      text: `A request that is followed by close_notify is not answered (${ending}): wait for the response before closing.`,
    }
  }
  if (stillSending)
    return {
      weight: 'good',
      text: `It goes on sending behind our close_notify: ${grouped(bytes)} bytes came, and more.`,
    }
  if (response?.complete === false) {
    return {
      weight: 'risk',
      text: `Of a response ${grouped(bytes)} bytes came behind our close_notify, which is not all (${ending}): wait for the response before closing.`,
    }
  }
  return { weight: 'good', text: `It answers in full behind our close_notify: ${grouped(bytes)} bytes (${ending}).` }
}

function onFin({ ending, waited }: Observed): Judged {
  if (ending === 'silent') {
    return {
      weight: 'note',
      text: `Our FIN without close_notify goes unnoticed for ${Math.round(waited)} ms: the connection is held until something else ends it.`,
    }
  }
  if (isAlert(ending)) return { weight: 'good', text: `It takes FIN without close_notify for an error (${ending}).` }
  return { weight: 'good', text: `It ends its side too when our FIN comes without close_notify (${ending}).` }
}

function onFinInRequest({ ending, bytes, response }: Observed): Judged {
  if (bytes > 0) {
    const status = response?.status === undefined ? '' : ` with status ${response.status}`
    return {
      weight: response?.status !== undefined && response.status < 400 ? 'risk' : 'note',
      text: `It answers half a request that a FIN cut${status}: ${grouped(bytes)} bytes (${ending}).`,
    }
  }
  if (ending === 'silent') return { weight: 'note', text: 'A FIN in the middle of a request goes unnoticed.' }
  return { weight: 'good', text: `It drops half a request that a FIN cut (${ending}).` }
}

function idle({ ending, waited, closeNotifyAt, finAt, resetAt }: Observed): Judged {
  if (ending === 'silent')
    return { weight: 'good', text: `It keeps an idle connection for ${seconds(waited)} at least.` }
  const at = closeNotifyAt ?? finAt ?? resetAt
  const when = at === undefined ? '' : ` after ${seconds(at)}`
  return ending.startsWith('close_notify')
    ? { weight: 'good', text: `It ends an idle connection${when} with close_notify.` }
    : {
        weight: 'note',
        text: `It ends an idle connection${when} with ${ending}: a request that is on its way then is lost, and may have been taken.`,
      }
}

function resumptionFinding(resumption: ProbedVersion['resumption']): Finding | undefined {
  const { afterResponse, afterCloseNotify, afterFin } = resumption
  const asked = [afterResponse, afterCloseNotify, afterFin].filter((each) => each !== 'not-asked')
  if (asked.length === 0) return undefined
  const question = 'resumption'
  if (asked.every((each) => each === 'resumed')) {
    return { question, weight: 'good', text: 'Sessions are resumed, however the connection before ended.' }
  }
  if (asked.every((each) => each === 'no-session'))
    return { question, weight: 'note', text: 'It gives no sessions to resume.' }
  if (asked.every((each) => each !== 'resumed')) return { question, weight: 'note', text: 'It resumes no session.' }
  const parts = Object.entries({
    'a response': afterResponse,
    'our close_notify': afterCloseNotify,
    'our bare FIN': afterFin,
  })
    .filter(([, found]) => found !== 'not-asked')
    .map(
      ([after, found]) =>
        `after ${after} ${found === 'resumed' ? 'resumed' : found === 'no-session' ? 'none to resume' : 'not resumed'}`,
    )
  return { question, weight: 'note', text: `Sessions: ${parts.join(', ')}.` }
}

function isAlert(ending: Ending): ending is Extract<Ending, `alert:${string}`> {
  return ending.startsWith('alert:')
}

/** Relative to our last act. */
function atMs(ms: number | undefined): string {
  if (ms === undefined) return 'at some time'
  return ms < 0 ? 'before we asked' : `after ${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
}

function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
