import { createEventReader, type ServerEvent } from '../../monitor/page/view/eventStream.ts'
import { Failure } from '../failure.ts'

/** Characters of one event: more than any report has. */
const longest = 64 * 1024 * 1024

/** The events of a stream of text; one that is not whole at the end is left out, as the format says. */
export async function* readEvents(chunks: AsyncIterable<string>): AsyncGenerator<ServerEvent> {
  const read = createEventReader()
  let length = 0
  for await (const chunk of chunks) {
    const events = read(chunk)
    length = events.length === 0 ? length + chunk.length : 0
    if (length > longest) throw new Failure('an event is longer than any report. See what answers there')
    yield* events
  }
}
