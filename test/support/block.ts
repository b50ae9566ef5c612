/** Keeps this thread, and so its event loop, from doing anything for that many ms. */
export function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
