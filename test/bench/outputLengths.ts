import { handWritten } from './contenders/handWritten.ts'
import { byLetter } from './contenders/workload.ts'
import type { Corpus } from './corpus.ts'

/** Bytes of output after the corpus was counted once, twice, …: counts go on from one pass to the next. */
export async function outputLengths({ chunks }: Corpus, passes: number): Promise<number[]> {
  const lengths: number[] = []
  for (let pass = 1; pass <= passes; pass++) {
    let length = 0
    await handWritten(byLetter)(Array.from({ length: pass }, () => chunks).flat(), (bytes) => (length += bytes.length))
    lengths.push(length)
  }
  return lengths
}
