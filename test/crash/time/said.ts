import { pipe, type OperatorFunction } from 'rxjs'
import { run, statePartition, utf8 } from 'wallarx'
import { decode, encode, toMulti, toSink, toState } from 'wallarx/operators'
import { onFiles } from '../onFiles.ts'

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

/** Runs it from file to file. */
export async function runOnFiles(name: string, pipeline: OperatorFunction<Said, string>): Promise<void> {
  const { lines, sink, options } = onFiles()
  const words = lines.pipe(
    said(),
    pipeline,
    encode((line) => line),
    toSink(sink),
  )
  const app = await run({ name, pipelines: { words }, ...options })
  await app.closed
}
