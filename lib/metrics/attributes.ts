// Labels as attributes of OpenTelemetry: its own names where its conventions have one, and its forms of their values.
import type { Attributes, AttributeValue } from '@opentelemetry/api'
import { labels as known, noHost, otherHost, type LabelName } from './definitions.js'
import type { LabelValues } from './measurements.js'

/** The attributes of some labels. */
export function attributesOf(labels: LabelValues): Attributes {
  const attributes: Attributes = {}
  for (const name of names) {
    const label = labels[name]
    const value = label === undefined ? undefined : formOf(name, label)
    if (value !== undefined) attributes[known[name].attribute] = value
  }
  return attributes
}

const names: readonly LabelName[] = [
  'verdict',
  'mode',
  'side',
  'began',
  'answered',
  'protocol',
  'cut',
  'host',
  'lookup',
  'approach',
  'outcome',
]

function formOf(name: LabelName, value: string): AttributeValue | undefined {
  switch (name) {
    case 'answered':
      return value === 'true'
    case 'protocol':
      // The numeric part alone: TLSv1.3 is 1.3.
      return value.replace('TLSv', '')
    case 'host':
      if (value === noHost) return undefined
      return value === otherHost ? '_OTHER' : value
    case 'verdict':
    case 'mode':
    case 'side':
    case 'began':
    case 'cut':
    case 'lookup':
    case 'approach':
    case 'outcome':
      return value
  }
}
