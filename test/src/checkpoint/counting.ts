import { delimited, fileSink, fileSource, statePartition, type RunOptions, type StateResult } from 'wallarx'
import { decode, encode, toSink, toStatePartition } from 'wallarx/operators'
import { runForTest } from '../../support/pipelines.ts'

export const text = (bytes: Buffer): string => bytes.toString()
export const line = (output: string): string => `${output}\n`
export const lines = delimited('\n')
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export const counts = (name = 'counts') =>
  statePartition(name, { key: (message: string) => message.charCodeAt(0), build: () => ({ count: 0 }) })
export const count = (message: string, state: { count: number }): StateResult<string> => [
  `${message} ${++state.count}`,
  true,
]

/** file → state → file */
export function counting(input: string, output: string, sink: { append?: boolean } = {}) {
  return fileSource({ path: input, framing: lines, name: 'input' }).pipe(
    decode(text),
    toStatePartition(count, counts()),
    encode(line),
    toSink(fileSink({ path: output, name: 'output', ...sink })),
  )
}

/** Runs to the end of its input, or to the crash. */
export async function runToEnd(options: Partial<RunOptions> & Pick<RunOptions, 'pipelines'>): Promise<void> {
  const { app } = await runForTest(options)
  await app.closed
}
