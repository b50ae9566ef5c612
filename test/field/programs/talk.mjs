// Usage: node talk.mjs COMMAND...
// Runs a command that hands its standard input on, with a request there, and keeps that input open until it has ended.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const [command, ...args] = process.argv.slice(2)
const child = spawn(command, args, { stdio: ['pipe', 'inherit', 'inherit'] })
child.stdin.on('error', () => {})
child.stdin.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
const [code, signal] = await once(child, 'exit')
if (signal !== null) process.kill(process.pid, signal)
process.exitCode = code
