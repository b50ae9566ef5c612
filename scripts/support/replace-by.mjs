import { spawnSync } from 'node:child_process'

/** Runs a program in our place: its output is ours, and so is how it ends. It gets no input. */
export function replaceBy(name, command, args, env) {
  const child = spawnSync(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit'] })
  if (child.error) throw child.error
  if (child.signal) console.error(`${name}: ${command} was ended by ${child.signal}`)
  process.exit(child.status ?? 1)
}
