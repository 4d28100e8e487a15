// A marker is a word with an @ in it, which no other word has; it goes through the word count as any word does.
const at = 0x40
const space = 0x20
const zero = 0x30

export const markerWord = (marker: number): string => `t@${marker}`

/** Calls `onMarker` for each line of output about a marker, whatever way the output was cut into chunks. */
export function markerFinder(onMarker: (marker: number) => void): (chunk: Buffer) => void {
  let number: number | undefined // the part of a marker's number that has been read
  return (chunk) => {
    let place = 0
    for (;;) {
      if (number === undefined) {
        place = chunk.indexOf(at, place) + 1
        if (place === 0) return
        number = 0
      }
      while (place < chunk.length && chunk[place] !== space) number = number * 10 + chunk[place++]! - zero
      if (place === chunk.length) return
      onMarker(number)
      number = undefined
    }
  }
}
