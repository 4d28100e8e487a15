import type { OnFrame } from './framing.ts'
import { receiveFrame } from './inPlace.ts'
import type { Output } from './output.ts'

/** Hands frames to an output: in place where it takes them so, otherwise as views. */
export function frameEmitter(output: Output<Buffer>): OnFrame {
  return (
    output[receiveFrame] ??
    ((bytes, start, end) => {
      output.next(bytes.subarray(start, end))
    })
  )
}
