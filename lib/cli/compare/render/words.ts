/** Prose for people at a terminal. */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

/** Lines longer than that are hard to read. */
const proseWidth = 120

/** Broken at spaces. `first` stands before the first line in place of the indent. */
export function wrap(text: string, width: number, indent = '  ', first = indent): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > Math.min(width, proseWidth)) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].map((one, index) => (index === 0 ? first : indent) + one).join('\n')
}
