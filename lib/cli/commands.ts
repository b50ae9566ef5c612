// The commands of the program: each has a folder of its own, and a line here.
export { compareCommand } from './compare/command.js'
export { probeCommand } from './probe/command.js'
