/**
 * The application at work, until Ctrl-C: lines from standard input, warnings to standard output.
 *
 *   printf '7 81\n7 82\n7 83\n' | node --import tsx examples/16-test-your-application/main.ts
 */
import { fileSink, fileSource, lines, run } from 'wallarx'
import { toSink } from 'wallarx/operators'
import { overheating } from './overheating.ts'

const text = fileSource({ path: '-', framing: lines() })
const app = await run({
  name: 'Overheating',
  pipelines: { sensors: text.pipe(overheating(), toSink(fileSink({ path: '-' }))) },
})
await app.closed
