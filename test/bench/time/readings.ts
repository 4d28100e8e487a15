/** One word of a line. */
export interface Reading {
  readonly key: number
  /** In ms since 1970. */
  readonly at: number
}

/** In ms: of a window. */
export const size = 60_000

/** What a user writes: makes the words of a line to readings of so many keys; each line is later than the last. */
export function createReader(keys: number): (line: string) => Reading[] {
  // Some words of each key in each window, and many windows.
  const step = size / Math.max(2500, keys / 2)
  let at = 0
  return (line) => {
    at += step
    const time = Math.floor(at)
    return line.split(' ').map((word, nth) => ({ key: (Math.imul(hash(word), 31 + nth) >>> 0) % keys, at: time }))
  }
}

function hash(word: string): number {
  let mixed = word.length
  for (let at = 0; at < word.length; at++) mixed = (Math.imul(mixed, 31) + word.charCodeAt(at)) | 0
  return mixed
}

/** The output of one window. */
export const lineOf = (key: number, start: number, count: number): string => `${key} ${start} ${count}\n`
