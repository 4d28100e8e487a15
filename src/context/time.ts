/**
 * What the message that is being handed over carries besides itself, without an envelope: one of these for each
 * pipeline, written by whoever hands over, and by asynchronous steps again as their outputs come out.
 */
export interface TimeRegister {
  /** Which connection, file or partition the present chunk came from, as its source names it. */
  origin: string | undefined
  /** When the present chunk came, in ms since 1970: by the run's clock, or as the journal has it. */
  arrival: number
  /** The message's own time, in ms since 1970; NaN where nothing upstream has read it. */
  time: number
  /** Whose watermark holds for it. */
  clock: WatermarkClock | undefined
}

/** Says up to when nothing more is awaited: `eventTime`, or an asynchronous step behind it. */
export interface WatermarkClock {
  /** In ms since 1970; never falls. -Infinity before the first message. */
  readonly watermark: number
}
