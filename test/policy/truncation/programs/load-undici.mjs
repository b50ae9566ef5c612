/** undici by the name that the arguments of these programs have for it; undici 8 lies where test/support/undici8.ts has it put. */
export function load(name) {
  return import(name === 'undici8' ? '../../../../.cache/runtimes/undici8/index.js' : name)
}
