/** Ends the process with the usage on stdout where the first argument asks for it. */
export function helpIfAsked(usage) {
  if (process.argv[2] !== '--help') return
  process.stdout.write(usage)
  process.exit(0)
}
