import { framed } from './corpus.ts'
import { markerWord } from './markerFinder.ts'

/** Frames to send in equal batches at equal intervals, whatever the receiver does. */
interface Schedule {
  /** Milliseconds from one batch to the next. */
  readonly interval: number
  readonly batches: number
  /** Which batch marker 0, 1, … is in. */
  readonly markers: readonly number[]
  /** Batches [from, to). */
  bytesOf(from: number, to: number): Buffer
}

const interval = 0.25
const framesPerMarker = 100

/** Every 100th frame ends in a word of its own, a marker. */
export function createSchedule(texts: readonly string[], framesPerSecond: number, seconds: number): Schedule {
  const batches = Math.ceil((seconds * 1000) / interval)
  const perBatch = (framesPerSecond * interval) / 1000
  const frames: Buffer[] = []
  const ends: number[] = [0] // where in the stream each batch ends
  const markers: number[] = []
  let length = 0
  for (let batch = 0; batch < batches; batch++) {
    while (frames.length < (batch + 1) * perBatch) {
      let text = texts[frames.length % texts.length]!
      if (frames.length % framesPerMarker === 0) text += ` ${markerWord(markers.push(batch) - 1)}`
      const frame = framed(text)
      frames.push(frame)
      length += frame.length
    }
    ends.push(length)
  }
  const stream = Buffer.concat(frames, length)
  return { interval, batches, markers, bytesOf: (from, to) => stream.subarray(ends[from], ends[to]) }
}
