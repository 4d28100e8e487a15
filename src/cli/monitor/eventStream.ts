import { Failure } from '../failure.ts'

/** An event of a `text/event-stream`. */
export interface ServerEvent {
  readonly event: string
  readonly data: string
}

/** Characters of one event: more than any report has. */
const longest = 64 * 1024 * 1024

/** The events of a stream of text; one that is not whole at the end is left out, as the format says. */
export async function* readEvents(chunks: AsyncIterable<string>): AsyncGenerator<ServerEvent> {
  let rest = ''
  let isCut = false // after a carriage return, which a line feed may follow
  let event = ''
  let data: string[] = []
  let length = 0
  for await (const chunk of chunks) {
    rest += chunk
    length += chunk.length
    if (length > longest) throw new Failure('an event is longer than any report. See what answers there')
    if (!isCut && !/[\r\n]/.test(chunk)) continue // a long line is put together once
    isCut = rest.endsWith('\r')
    const lines = (isCut ? rest.slice(0, -1) : rest).split(/\r\n|\n|\r/)
    rest = lines.pop()! + (isCut ? '\r' : '')
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { event: event || 'message', data: data.join('\n') }
        event = ''
        data = []
        length = rest.length
        continue
      }
      const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line)!
      if (name === 'event') event = value!
      else if (name === 'data') data.push(value!)
    }
  }
}
