// The commands of the program: each has a folder of its own, and a line here.
export { assessCommand } from './assess/command.js'
export { compareCommand } from './compare/command.js'
export { connectCommand } from './connect/command.js'
export { doctorCommand } from './doctor/command.js'
export { probeCommand } from './probe/command.js'
export { serveCommand } from './serve/command.js'
