/**
 * The child's half of `child.ts`: reports to the parent the ports that it listens on, runs a command by name and
 * answers with the same name (a name without a command is answered too), and ends with the parent, however that ended.
 */
export function serveParent(ready: { readonly ports: readonly number[] }, commands: Commands = {}): void {
  const send = process.send?.bind(process)
  if (send === undefined) throw new Error('Expected to be started by a parent process with an IPC channel')
  process.on('disconnect', () => process.exit(0))
  // Ctrl-C reaches the whole process group; the parent decides when a child goes.
  process.on('SIGINT', () => {})
  process.on('message', (message) => {
    if (typeof message !== 'string') return
    commands[message]?.()
    send(message)
  })
  send({ ports: ready.ports })
}

export type Commands = Readonly<Record<string, () => void>>
