import { handWritten } from './contenders/handWritten.ts'
import { byLetter } from './contenders/workload.ts'
import type { Corpus } from './corpus.ts'

/** Bytes of output after the corpus was counted so many times: counts go on from one pass to the next. */
export async function outputLengths({ chunks }: Corpus, passes: readonly number[]): Promise<number[]> {
  const lengths: number[] = []
  for (const count of passes) {
    let length = 0
    await handWritten(byLetter)(Array.from({ length: count }, () => chunks).flat(), (bytes) => (length += bytes.length))
    lengths.push(length)
  }
  return lengths
}
