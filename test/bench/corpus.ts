import { createRandom } from './random.ts'
import { createVocabulary } from './vocabulary.ts'

export interface Corpus {
  /** Frames of text, each preceded by its length (4 bytes, big-endian), cut into chunks of 64 KiB. */
  readonly chunks: readonly Buffer[]
  readonly frames: number
  readonly words: number
  readonly bytes: number
}

const chunkLength = 64 * 1024

/** The same corpus for the same number of frames, always. */
export function createCorpus(frames: number): Corpus {
  const { texts, words } = createTexts(frames)
  const stream = Buffer.concat(texts.map(framed))
  const chunks: Buffer[] = []
  // Each chunk owns its memory, as one that came from a socket does.
  for (let at = 0; at < stream.length; at += chunkLength)
    chunks.push(Buffer.from(stream.subarray(at, at + chunkLength)))
  return { chunks, frames, words, bytes: stream.length }
}

/**
 * Sentences of 4 to 12 words, 8 on average. Words are drawn by Zipf's law; besides, every word of the vocabulary is
 * placed once, evenly spread, if there are that many words at all.
 */
export function createTexts(frames: number): { texts: string[]; words: number } {
  const random = createRandom(2)
  const vocabulary = createVocabulary()
  const draw = zipf(vocabulary.length, random)
  const stride = Math.max(1, Math.floor((frames * 7) / vocabulary.length))
  const texts: string[] = []
  let words = 0
  for (let frame = 0; frame < frames; frame++) {
    const length = 4 + Math.floor(random() * 9)
    const sentence: string[] = []
    for (let at = 0; at < length; at++, words++) {
      const placed = words % stride === 0 ? vocabulary[words / stride] : undefined
      sentence.push(placed ?? vocabulary[draw()]!)
    }
    sentence[0] = sentence[0]!.charAt(0).toUpperCase() + sentence[0]!.slice(1)
    if (length > 8) sentence[5] = `${sentence[5]!},`
    texts.push(`${sentence.join(' ')}.`)
  }
  return { texts, words }
}

/** Draws a rank below `size`, rank r with a probability proportional to 1 / (r + 1). */
function zipf(size: number, random: () => number): () => number {
  const cumulated = new Float64Array(size)
  let total = 0
  for (let rank = 0; rank < size; rank++) cumulated[rank] = total += 1 / (rank + 1)
  return () => {
    const wanted = random() * total
    let low = 0
    let high = size - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (cumulated[middle]! < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}

export function framed(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(4 + length)
  frame.writeUInt32BE(length)
  frame.write(text, 4)
  return frame
}
