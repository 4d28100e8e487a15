import { createRandom } from '../bench/random.ts'
import { createVocabulary } from '../bench/vocabulary.ts'

/** Lines of 1 to 15 words of the `words` most frequent ones, the same for a seed always. */
export function createText(seed: number, lines: number, words = Infinity): string {
  const random = createRandom(seed)
  const vocabulary = createVocabulary().slice(0, words)
  const text: string[] = []
  for (let left = lines; left > 0; left--) {
    const line: string[] = []
    for (let more = 1 + Math.floor(random() * 15); more > 0; more--) {
      line.push(vocabulary[Math.floor(random() ** 3 * vocabulary.length)]!)
    }
    text.push(line.join(' '))
  }
  return text.join('\n') // the last line without a newline
}
