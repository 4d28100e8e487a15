import type { Context } from '../../context/context.ts'
import type { WatermarkClock } from '../../context/time.ts'
import { UpstreamClocks } from '../../context/time/upstreamClocks.ts'
import type { SentTime, TellOrigin } from '../../state/exchange.ts'

/** What a step whose entities are on several workers knows of the time of what it hands over. */
export class LinkTime implements SentTime {
  isRead = false
  readonly register: Context['time']['register']
  /** The context for what is upstream. */
  readonly context: Context
  readonly #upstream: UpstreamClocks
  #met: WatermarkClock | undefined

  /** `read` is called once, when somebody upstream is found who reads the time of messages. */
  constructor(context: Context, read: () => void) {
    this.register = context.time.register
    const found = (): void => {
      if (this.isRead) return
      this.isRead = true
      read()
    }
    this.#upstream = new UpstreamClocks(context, found)
    const { context: upstream } = this.#upstream
    // Behind an exchange origins are others: what a source tells of its own is nothing to who is downstream.
    this.context = { ...upstream, time: { ...upstream.time, awaits: undefined, foresees: undefined } }
  }

  /** A message comes: its clock need not be found by subscription. */
  meet(): void {
    const { clock } = this.register
    if (clock === undefined || clock === this.#met) return
    this.#met = clock
    this.#upstream.watermark()
  }

  readonly tell = (visit: TellOrigin): void => {
    for (const clock of this.#upstream.found) clock.tellOrigins?.(visit)
  }
}
