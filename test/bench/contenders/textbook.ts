import { concatMap, filter, from, groupBy, lastValueFrom, map, mergeMap, scan, tap } from 'rxjs'
import { split, type WordCount, wordCountLine } from '../../../examples/01-word-count/wordCount.ts'
import { gatherLength, type Contender } from './contender.ts'
import { createFrameParser } from './frameParser.ts'
import type { Workload } from './workload.ts'

/**
 * Plain RxJS as its documentation teaches keyed state: `groupBy` the key, `mergeMap` each group to a `scan` that
 * carries the group's state, `concatMap` where one message becomes many, a Buffer for each message that leaves. The
 * frame parser, the user functions and the size of the gathered output are those of the other contenders.
 */
export function textbook<State>({ keyOf, build, compute }: Workload<State>): Contender {
  return async (chunks, take) => {
    let frames: Buffer[] = []
    const parse = createFrameParser((bytes, start, end) => frames.push(bytes.subarray(start, end)))
    let pieces: Buffer[] = []
    let gathered = 0
    const flush = (): void => {
      take(Buffer.concat(pieces, gathered))
      pieces = []
      gathered = 0
    }

    await lastValueFrom(
      from(chunks).pipe(
        concatMap((chunk) => {
          frames = []
          parse(chunk)
          return from(frames)
        }),
        map((frame) => frame.toString('utf8')),
        concatMap((text) => from(split(text))),
        groupBy(keyOf),
        mergeMap((words) =>
          words.pipe(
            scan(({ state }: Step<State>, word: string) => ({ state, output: compute(word, state)[0] }), {
              state: build(),
              output: undefined,
            }),
          ),
        ),
        map(({ output }) => output),
        filter((output) => output !== undefined),
        map((output) => Buffer.from(wordCountLine(output))),
        tap((bytes) => {
          pieces.push(bytes)
          gathered += bytes.length
          if (gathered >= gatherLength) flush()
        }),
      ),
      { defaultValue: undefined },
    )
    if (gathered > 0) flush()
  }
}

interface Step<State> {
  readonly state: State
  readonly output: WordCount | undefined
}
