import type { ByteSink } from 'wallarx'
import { gatherLength, type Take } from './contender.ts'

/** A sink in memory that gathers text just as the hand-written loop does. */
export function gatheringSink(take: Take): ByteSink {
  return {
    name: 'memory',
    acceptsText: true,
    open() {
      let text = ''
      return {
        write(message) {
          if (typeof message !== 'string') throw new TypeError('bytes where text is expected')
          text += message
          if (text.length >= gatherLength) {
            take(Buffer.from(text))
            text = ''
          }
        },
        async close() {
          if (text !== '') take(Buffer.from(text))
        },
        abort() {},
      }
    },
  }
}
