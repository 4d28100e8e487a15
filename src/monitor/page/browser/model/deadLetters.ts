import type { DeadLetterReport } from '../../../report.ts'
import { ask } from './api.ts'
import type { OtherWorker } from './others.ts'

/** A dead letter, and of which worker. */
export type PlacedLetter = DeadLetterReport & { readonly worker?: string }

const most = 1000
const mostOfOthers = 100

/** Those that the page knows of, of all workers. */
export function createLetters() {
  let own: DeadLetterReport[] = [] // the newest first, as all here
  const ofOthers = new Map<string, readonly DeadLetterReport[]>()
  let all: readonly PlacedLetter[] | undefined

  return {
    clear(): void {
      own = []
      all = undefined
    },
    add(letter: DeadLetterReport): void {
      own = [letter, ...own.slice(0, most - 1)]
      all = undefined
    },
    /** All that the run keeps, the newest last. What has come since it was asked stays. */
    set(letters: readonly DeadLetterReport[]): void {
      const newest = letters.at(-1)?.at ?? -Infinity
      const since = own.filter(({ at }) => at > newest)
      own = [...since, ...letters.toReversed()].slice(0, most)
      all = undefined
    },
    /** Of another worker, the newest last. */
    setOf(worker: string, letters: readonly DeadLetterReport[]): void {
      ofOthers.set(worker, letters.toReversed())
      all = undefined
    },
    /** Others are gone. */
    keep(workers: ReadonlySet<string>): void {
      for (const worker of ofOthers.keys()) if (!workers.has(worker) && ofOthers.delete(worker)) all = undefined
    },
    /** The same list for as long as nothing comes. `worker`: the name of the one whose page this is. */
    all(worker: string | undefined): readonly PlacedLetter[] {
      if (worker === undefined) return (all ??= own)
      all ??= [[worker, own] as const, ...ofOthers]
        .flatMap(([name, letters]) => letters.map((letter) => ({ ...letter, worker: name })))
        .sort((one, other) => other.at - one.at)
      return all
    },
  }
}

/** Asks for those of other workers whose reports count others than before; `heard` is told the newest of each. */
export function createLettersReader(
  heard: (worker: string, letters: readonly DeadLetterReport[]) => void,
): (others: readonly OtherWorker[]) => void {
  const counted = new Map<string, string>()
  return (others) => {
    const known = new Set(others.map(({ worker }) => worker))
    for (const worker of counted.keys()) if (!known.has(worker)) counted.delete(worker)
    for (const { worker, report } of others) {
      if (report === undefined) continue
      const count = report.pipelines.reduce((sum, { deadLetters }) => sum + deadLetters, 0)
      const now = `${report.instance} ${count}`
      if ((counted.get(worker) ?? `${report.instance} 0`) === now) continue
      counted.set(worker, now)
      const query = new URLSearchParams({ worker, limit: String(mostOfOthers) })
      ask<readonly DeadLetterReport[]>(`/dead-letters?${query.toString()}`).then(
        (letters) => heard(worker, letters),
        () => counted.delete(worker), // asked again soon
      )
    }
  }
}
