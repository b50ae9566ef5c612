/** Text in charts, whose size has to be known before it is drawn. */

export const fontSize = 12
export const lineHeight = 15

/** An estimate, on the wide side for the fonts that `system-ui` stands for. */
export function textWidth(text: string): number {
  let width = 0
  for (const letter of text) width += letterWidth(letter)
  return Math.ceil(width * fontSize)
}

function letterWidth(letter: string): number {
  if ("iljtfI.,:;'|!()[] ".includes(letter)) return 0.34
  if ('mwMW@%'.includes(letter)) return 0.92
  if (/[A-Z]/.test(letter)) return 0.7
  return (letter.codePointAt(0) ?? 0) > 0x2e80 ? 1 : 0.59
}

/** Lines that are not wider than `width`: broken at spaces, and inside a word that alone is wider. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/).flatMap((one) => pieces(one, width))) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && textWidth(longer) > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}

function pieces(word: string, width: number): readonly string[] {
  const parts: string[] = []
  let part = ''
  for (const letter of word) {
    if (part !== '' && textWidth(part + letter) > width) {
      parts.push(part)
      part = ''
    }
    part += letter
  }
  return [...parts, part]
}
