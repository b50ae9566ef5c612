// Loaded before each program, in each way: the reports of its connections go to the round. It knows the package by the
// name of its channel alone.
import { subscribe } from 'node:diagnostics_channel'
import { writeSync } from 'node:fs'

subscribe('close-notify:closure', ({ report }) => {
  writeSync(3, `${JSON.stringify(report)}\n`)
})
