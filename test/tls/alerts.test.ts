import { expect, test } from 'vitest'
import { alertName } from '../../lib/tls/alerts.js'
import { alertDescriptions } from '../support/alert-names.js'

test('alerts are named as the registry names them, or by number', () => {
  for (const [code, name] of alertDescriptions) expect(alertName(code)).toBe(name)
  expect(alertName(200)).toBe('alert_200')
})
