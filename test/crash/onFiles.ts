import { parseArgs } from 'node:util'
import type { Observable } from 'rxjs'
import { delimited, fileSink, fileSource, lmdbStore, type ByteSink, type RunOptions } from 'wallarx'

/** What a program from file to file reads and writes, and how it runs. */
export interface OnFiles {
  readonly lines: Observable<Buffer>
  readonly sink: ByteSink
  readonly options: Pick<RunOptions, 'store' | 'guarantee' | 'checkpointInterval'>
}

/** By options as examples/01-word-count/main.ts has them: what `fileToFile` kills takes these. */
export function onFiles(): OnFiles {
  const { values } = parseArgs({
    options: {
      in: { type: 'string' },
      out: { type: 'string' },
      state: { type: 'string' },
      'checkpoint-interval': { type: 'string' },
    },
  })
  const path = (place: string | undefined): string => place!.replace(/^file:/, '')
  return {
    lines: fileSource({ path: path(values.in), framing: delimited('\n', { unterminated: 'frame' }) }),
    sink: fileSink({ path: path(values.out) }),
    options: {
      ...(values.state !== undefined && { store: lmdbStore(values.state), guarantee: 'exactly-once' as const }),
      ...(values['checkpoint-interval'] && { checkpointInterval: Number(values['checkpoint-interval']) }),
    },
  }
}
