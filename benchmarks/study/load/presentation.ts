import type { Presentation } from '../question.js'
export const presentation: Presentation = { answer: () => '', charts: () => [], table: () => ({ head: [], rows: [] }) }
