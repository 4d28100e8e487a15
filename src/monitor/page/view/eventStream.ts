/** One event of a stream of server-sent events. */
export interface ServerEvent {
  readonly event: string
  readonly data: string
}

/**
 * Reads server-sent events out of pieces of text, however they were cut. As HTML says it, but for `id` and `retry`,
 * which nobody sends here: those, and comments, are passed over.
 */
export function createEventReader(): (piece: string) => ServerEvent[] {
  let rest = '' // the beginning of a line
  let event = ''
  let data: string[] = []
  return (piece) => {
    const lines = (rest + piece).split(/\r\n|\n|\r(?=.)/s)
    rest = lines.pop()!
    const events: ServerEvent[] = []
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) events.push({ event: event === '' ? 'message' : event, data: data.join('\n') })
        event = ''
        data = []
        continue
      }
      const [, field, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!
      if (field === 'event') event = value ?? ''
      else if (field === 'data') data.push(value ?? '')
    }
    return events
  }
}
