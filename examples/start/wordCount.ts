export interface WordCount {
  readonly word: string
  readonly count: number
}

/** Reads a line of the application, `WORD => COUNT`. Throws for any other. */
export function parseWordCount(line: Buffer): WordCount {
  const text = line.toString('utf8')
  const arrow = text.lastIndexOf(' => ')
  const count = Number(text.slice(arrow + 4))
  if (arrow < 1 || !Number.isInteger(count)) throw new TypeError(`"${text}" is not WORD => COUNT`)
  return { word: text.slice(0, arrow), count }
}
