/** JUnit XML, read by a parser that knows nothing of who has written it: Python's, whose only demand is XML. */
import { execFileSync } from 'node:child_process'

export interface Junit {
  /** The attributes of the suite. */
  readonly suite: object
  readonly cases: readonly JunitCase[]
}

interface JunitCase {
  readonly name: string
  /** The message of a failure, or the output of one that has passed. */
  readonly facts: string
  /** The type of a failure. */
  readonly failure?: string
}

const program = `
import json, sys
import xml.etree.ElementTree as tree
suite = tree.parse(sys.argv[1]).getroot()
assert suite.tag == 'testsuite', suite.tag
def case(element):
    (inside,) = element
    if inside.tag == 'failure':
        return { 'name': element.attrib['name'], 'facts': inside.attrib['message'], 'failure': inside.attrib['type'] }
    assert inside.tag == 'system-out', inside.tag
    return { 'name': element.attrib['name'], 'facts': inside.text }
print(json.dumps({ 'suite': suite.attrib, 'cases': [case(one) for one in suite.iter('testcase')] }))
`

export function parsedJunit(file: string): Junit {
  const parsed: unknown = JSON.parse(execFileSync('python3', ['-c', program, file], { encoding: 'utf8' }))
  if (!isJunit(parsed)) throw new Error(`Expected a suite of test cases in ${file}`)
  return parsed
}

function isJunit(value: unknown): value is Junit {
  return typeof value === 'object' && value !== null && 'suite' in value && 'cases' in value
}
