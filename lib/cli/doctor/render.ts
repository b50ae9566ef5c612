// The result for people.
import { type Check, type Group, groups } from '../../doctor/check.js'
import type { Examination } from '../../doctor/doctor.js'
import { count, wrap } from '../text.js'

/** In columns. */
const width = 80

const words: Readonly<Record<Check['status'], string>> = {
  works: 'works',
  fails: 'FAILS',
  note: 'note',
  'not-run': 'not run',
}

export function renderExamination({ closeNotify, runtime, platform, works, checks }: Examination): string {
  const heading = `close-notify ${closeNotify} on ${runtime.name} ${runtime.version}, ${platform}`
  const names: Group[] = [...new Set(checks.map(({ group }) => group))]
  const sections = names.map((group) =>
    renderGroup(
      group,
      checks.filter((check) => check.group === group),
    ),
  )
  const failing = checks.filter(({ status }) => status === 'fails').length
  const sum = works ? 'All works.' : `${count(failing, 'check')} of ${checks.length} failed.`
  return [heading, '', ...sections.flatMap((section) => [section, '']), sum, ''].join('\n')
}

function renderGroup(group: Group, checks: readonly Check[]): string {
  // What works needs no line for each of sixty members.
  const looked = checks.some(({ status }) => status !== 'not-run')
  const [shown, summed] =
    group === 'members' ? [checks.filter(({ status }) => status !== 'works'), looked] : [checks, false]
  const works = checks.filter(({ status }) => status === 'works').length
  const sum = summed
    ? [`  ${works === checks.length ? 'works  ' : '       '}  ${works} of ${checks.length} as expected`]
    : []
  return [groups[group], ...sum, ...shown.flatMap(renderCheck)].join('\n')
}

function renderCheck(check: Check): readonly string[] {
  const { status, name, detail } = check
  const indent = ' '.repeat(11)
  const first = `  ${words[status].padEnd(7)}  `
  const lines = [wrap(`${name}: ${detail}`, width, indent, first)]
  return 'toDo' in check ? [...lines, wrap(`to do: ${check.toDo}`, width, indent)] : lines
}
