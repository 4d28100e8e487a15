import { parseArgs } from 'node:util'
import { pipe, type OperatorFunction } from 'rxjs'
import { delimited, fileSink, fileSource, lmdbStore, run, statePartition, utf8 } from 'wallarx'
import { decode, encode, toSink, toState, toMulti } from 'wallarx/operators'

/** A word of a line, which was said then. */
export interface Said {
  readonly word: string
  /** In ms since 1970. */
  readonly at: number
}

/** In ms: from one line to the next, and how much earlier than the one before a line may be said to be. */
const step = 10
export const disorder = 80

/** Words of lines whose times go on, out of order, and now and then jump: the same for the same lines. */
const said = (): OperatorFunction<Buffer, Said> => {
  const lines = statePartition('lines', { build: () => ({ count: 0, jumped: 0 }) })
  return pipe(
    decode(utf8),
    toState((line: string, state) => {
      if (++state.count % 1000 === 0) state.jumped += 5000
      const back = (line.length * 7919) % (disorder + disorder / 8) // some more than is allowed
      return [{ line, at: state.count * step + state.jumped - back }, true]
    }, lines),
    toMulti(({ line, at }) => line.split(' ').map((word) => ({ word, at }))),
  )
}

/** Runs it from file to file, with options as examples/01-word-count/main.ts has them. */
export async function runOnFiles(name: string, pipeline: OperatorFunction<Said, string>): Promise<void> {
  const { values } = parseArgs({
    options: {
      in: { type: 'string' },
      out: { type: 'string' },
      state: { type: 'string' },
      'checkpoint-interval': { type: 'string' },
    },
  })
  const path = (place: string | undefined): string => place!.replace(/^file:/, '')
  const lines = fileSource({ path: path(values.in), framing: delimited('\n', { unterminated: 'frame' }) })
  const app = await run({
    name,
    pipelines: {
      words: lines.pipe(
        said(),
        pipeline,
        encode((line) => line),
        toSink(fileSink({ path: path(values.out) })),
      ),
    },
    ...(values.state !== undefined && { store: lmdbStore(values.state), guarantee: 'exactly-once' as const }),
    ...(values['checkpoint-interval'] && { checkpointInterval: Number(values['checkpoint-interval']) }),
  })
  await app.closed
}
