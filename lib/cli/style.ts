/** Emphasis: by colour on a terminal that has it, otherwise by signs. */
export interface Style {
  /** Text that differs. */
  mark(text: string): string
  heading(text: string): string
  /** A failure. */
  alarm(text: string): string
  /** Text of lesser importance. */
  aside(text: string): string
}

export const plainStyle: Style = {
  mark: (text) => `* ${text}`,
  heading: (text) => text,
  alarm: (text) => text,
  aside: (text) => text,
}

export const colourStyle: Style = {
  mark: (text) => `\u001b[33m${text}\u001b[39m`,
  heading: (text) => `\u001b[1m${text}\u001b[22m`,
  alarm: (text) => `\u001b[31m${text}\u001b[39m`,
  aside: (text) => `\u001b[2m${text}\u001b[22m`,
}
