const { bun, deno, node } = process.versions

/** The runtime that runs this, as a log names it. */
export const runtime = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`
