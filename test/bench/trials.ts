import { createHash } from 'node:crypto'
import type { Contender } from './contenders/contender.ts'
import { handWritten } from './contenders/handWritten.ts'
import { loopUpTo } from './contenders/loopSteps.ts'
import { deadLetters } from './contenders/deadLetters.ts'
import { generators, generatorsToBuffers } from './contenders/generators.ts'
import { lookups } from './contenders/lookups.ts'
import { ours } from './contenders/ours.ts'
import { oursRun } from './contenders/oursRun.ts'
import { oursWatched } from './contenders/oursWatched.ts'
import { oursPulled, oursPulledToBuffers } from './contenders/oursPulled.ts'
import { oursUpTo } from './contenders/steps.ts'
import { textbook } from './contenders/textbook.ts'
import { userFunctions } from './contenders/userFunctions.ts'
import { byLetter, byWord } from './contenders/workload.ts'
import { createCorpus, createTexts } from './corpus.ts'
import { timeContenders } from './time/trials.ts'
import type { Trial } from './trial.ts'

/** Makes the trial of a name; `size` is the number of frames, or of entities. */
export function createTrial(name: string, size: number): Trial {
  const create = trials[name]
  if (create === undefined) throw new Error(`no trial ${name}`)
  return create(size)
}

const trials: Readonly<Record<string, (size: number) => Trial>> = {
  'letters: ours': wordCount(ours(byLetter)),
  'letters: loop': wordCount(handWritten(byLetter)),
  'letters: textbook': wordCount(textbook(byLetter)),
  'words: ours': wordCount(ours(byWord)),
  'words: loop': wordCount(handWritten(byWord)),
  'words: textbook': wordCount(textbook(byWord)),
  'letters: ours under run': wordCount(oursRun(byLetter)),
  'words: ours under run': wordCount(oursRun(byWord)),
  'letters: ours with the page open': wordCount(oursWatched(byLetter, true)),
  'letters: ours under run, in turns': wordCount(oursWatched(byLetter, false)),
  'pulled: ours': wordCount(oursPulled(byLetter)),
  'pulled: generators': wordCount(generators(byLetter)),
  'pulled one by one: ours': wordCount(oursPulledToBuffers(byLetter)),
  'pulled one by one: generators': wordCount(generatorsToBuffers(byLetter)),
  ...named('ours up to', oursUpTo),
  ...named('loop up to', loopUpTo),
  'user functions': (frames) => {
    const { texts, words } = createTexts(frames)
    return { messages: words, run: () => userFunctions(texts) }
  },
  'dead letters: ours': deadLetters.refused,
  'dead letters: caught by hand': deadLetters.caught,
  ...lookups,
  ...named('time:', timeContenders),
}

/** How often the corpus goes through a pipeline once more, after the compiler has seen it. */
const steadyPasses = 2

function named(prefix: string, contenders: Readonly<Record<string, Contender>>): typeof trials {
  return Object.fromEntries(
    Object.entries(contenders).map(([step, contender]) => [`${prefix} ${step}`, wordCount(contender)]),
  )
}

function wordCount(contender: Contender): (frames: number) => Trial {
  return (frames) => {
    const { chunks, words } = createCorpus(frames)
    return {
      messages: words,
      async run() {
        let bytes = 0
        await contender(chunks, (piece) => (bytes += piece.length))
        return bytes
      },
      async steady() {
        let start: NodeJS.CpuUsage | undefined
        const passes = function* (): Generator<Buffer> {
          yield* chunks
          start = process.cpuUsage()
          for (let pass = 0; pass < steadyPasses; pass++) yield* chunks
        }
        await contender(passes(), () => undefined)
        const { user, system } = process.cpuUsage(start)
        return (1000 * (user + system)) / (steadyPasses * words)
      },
      async check() {
        const hash = createHash('sha256')
        await contender(chunks, (piece) => hash.update(piece))
        return hash.digest('hex')
      },
    }
  }
}
