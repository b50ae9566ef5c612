/** Builds in one line: `OpenSSL 3.0.20, 3.5.7, BoringSSL`. */
export function namesOf(labels: readonly string[]): string {
  let kind: string | undefined
  const short = labels.map((label) => {
    const [, of, version] = /^(\S+) (\S+)$/.exec(label) ?? []
    if (version !== undefined && of === kind) return version
    kind = of
    return label
  })
  return short.join(', ')
}
