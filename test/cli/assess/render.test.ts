import { describe, expect, test } from 'vitest'
import { renderJunit } from '../../../lib/cli/assess/render/junit.js'
import { renderText } from '../../../lib/cli/assess/render/text.js'
import { plainStyle } from '../../../lib/cli/style.js'
import { type AssessedRun, type Assessment, summaryOf } from '../../../lib/lab/assess/result.js'
import { run } from '../../lab/assess/runs.js'

function assessment(runs: readonly AssessedRun[], control = run()): Assessment {
  return {
    format: 1,
    kind: 'assessment',
    date: '2026-11-30T03:00:00.000Z',
    madeBy: { 'close-notify': '0.0.0', node: '20.0.0' },
    command: ['client', '--say="<&>"', '{url}'],
    settings: { versions: ['TLSv1.2', 'TLSv1.3'], timeout: 10_000, body: 1000 },
    control,
    runs,
    summary: summaryOf(control, runs),
  }
}

const accepted = run({
  profile: 'truncates',
  framing: 'chunked',
  sent: { kind: 'cut', at: 500 },
  printed: { bytes: 500, body: 'cut' },
  stderr: 'all is <well> & "good"\u0000\u001b[0m',
  verdict: 'truncation accepted',
})

describe('JUnit XML', () => {
  test('has a test case for the control run and for each run, and holds any text', () => {
    expect(renderJunit(assessment([run(), accepted])).split('\n')).toEqual([
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<testsuite name="close-notify assess -- client --say=&quot;&lt;&amp;&gt;&quot; {url}" timestamp="2026-11-30T03:00:00" tests="3" failures="1" time="0.024">',
      '  <testcase classname="close-notify.control" name="polite, content-length" time="0.012">',
      '    <system-out>accepted: exit 0, 1000 bytes of the body printed</system-out>',
      '  </testcase>',
      '  <testcase classname="close-notify.runs" name="polite, content-length" time="0.012">',
      '    <system-out>accepted: exit 0, 1000 bytes of the body printed</system-out>',
      '  </testcase>',
      '  <testcase classname="close-notify.runs" name="truncates, chunked, cut at 500" time="0.012">',
      '    <failure message="truncation accepted: exit 0, 500 bytes of the body printed" type="truncation accepted">all is &lt;well&gt; &amp; &quot;good&quot;[0m</failure>',
      '  </testcase>',
      '</testsuite>',
      '',
    ])
  })

  test('fails the control run where nothing can be said', () => {
    const xml = renderJunit(assessment([run()], run({ exitCode: 7, verdict: 'refused', stderr: 'no such option' })))
    expect(xml).toMatch(/tests="2" failures="1"/)
    expect(xml).toContain('<failure message="refused: exit 7, 1000 bytes of the body printed" type="refused">no such')
  })
})

describe('text', () => {
  const layout = { width: Infinity, style: plainStyle }

  test('has a line for each run and the counts', () => {
    const hung = run({ profile: 'silent', exitCode: null, signal: 'SIGKILL', verdict: 'hung' })
    const text = renderText(assessment([run(), accepted, hung]), layout)
    expect(text).toMatch(
      /^ {2}truncates +chunked +cut at 500 +0 +500 +12 +close_notify\+fin before ours +truncation accepted$/m,
    )
    expect(text).toMatch(/^ {2}silent +content-length +whole +killed +whole +12 .* hung$/m)
    expect(text).toContain('Truncations accepted: content-length 0 of 0, chunked 1 of 1, close 0 of 0\n')
    expect(text).toContain('Hung: silent, content-length\n')
    expect(text).toContain('Connections closed: 3 with close_notify, 0 without, 0 not at all\nVerdict: failed\n')
  })

  test('says that only exit codes count where the body is not printed', () => {
    const control = run({ printed: { bytes: 0, body: 'nothing' } })
    expect(renderText(assessment([run()], control), layout)).toContain('only its exit codes count')
  })
})
