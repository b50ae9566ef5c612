/** What has to hold on every build, so that a wrong instrument cannot pass. */
import { median } from 'simple-statistics'
import type { Check } from '../cell.js'
import type { Samples } from './measure.js'
import type { Protocol } from './pairs.js'

export function checksOf(samples: readonly Samples[], protocol: Protocol): readonly Check[] {
  return samples.flatMap((one) =>
    [rightBuild, bothAlerts, twoRecords, moreThanItsParts].map((check): Check => {
      const where = `builds protocol=${protocol} build=${one.build.name}`
      return { question: 'builds', where, ...check(one) }
    }),
  )
}

type Finding = Omit<Check, 'question' | 'where'>

/** Two libraries of one SONAME could mix, and a loader could find another one. */
function rightBuild({ build: { expected, found } }: Samples): Finding {
  return {
    name: 'the library is the one that was meant',
    expected,
    found,
    // Nothing of a longer number: 3.0.2 is not 3.0.20.
    passed: found === expected || found.startsWith(`${expected} `),
  }
}

function bothAlerts({ closes, bidirectional }: Samples): Finding {
  return {
    name: 'each close is bidirectional',
    expected: `close_notify sent and received on both sides, ${closes} times`,
    found: `${bidirectional} times`,
    passed: bidirectional === closes,
  }
}

function twoRecords({ closes, records }: Samples): Finding {
  return {
    name: 'a close passes two records',
    expected: `${2 * closes} records in ${closes} closes`,
    found: `${records}`,
    passed: records === 2 * closes,
  }
}

function moreThanItsParts({ quiet, shutdown, close }: Samples): Finding {
  const [least, one, whole] = [median(quiet), median(shutdown), median(close)]
  return {
    name: 'a close costs more than its first call, and that more than a call that does nothing',
    expected: 'quiet < SSL_shutdown < bidirectional close',
    found: [least, one, whole].map((us) => `${us.toFixed(3)} us`).join(', '),
    passed: least < one && one < whole,
  }
}
