import { createRandom } from './random.ts'

const vocabularySize = 20_000

const letters = 'eeeeeeeeeeetttttttttaaaaaaaaoooooooiiiiiiinnnnnnnsssssshhhhhhrrrrrrddddllllcccuuummmwwffggyyppbbvkjxqz'

/**
 * 20,000 distinct words in lower case, the most frequent first and those the shortest, as in a language. Every 40th has
 * a letter outside ASCII in it; every 100th begins with a digit, so that all 27 keys of the word count are in use.
 */
export function createVocabulary(): string[] {
  const random = createRandom(1)
  const words = new Set<string>()
  while (words.size < vocabularySize) {
    const rank = words.size
    const length = 1 + Math.floor(Math.log2(rank + 2) / 2.5) + Math.floor(random() * 4)
    let word = ''
    while (word.length < length) word += letters[Math.floor(random() * letters.length)]!
    if (rank % 40 === 39) word += 'é'
    if (rank % 100 === 99) word = `${rank % 10}${word}`
    words.add(word)
  }
  return [...words]
}
