import type { TellOrigin } from '../state/exchange.ts'

/**
 * What the message that is being handed over carries besides itself, without an envelope: one of these for each
 * pipeline, written by whoever hands over, and by asynchronous steps again as their outputs come out.
 */
export interface TimeRegister {
  /** Which connection, file or partition the present chunk came from, as its source names it. */
  origin: string | undefined
  /** When the present chunk came, in ms since 1970: by the run's clock, or as the journal has it. NaN: not known. */
  arrival: number
  /** The message's own time, in ms since 1970; NaN where nothing upstream has read it. */
  time: number
  /** Whose watermark holds for it. */
  clock: WatermarkClock | undefined
  /** On a cluster: what shards know its origin as; `undefined` where nobody has said. */
  heard: string | undefined
  /** Up to when nothing more of that origin is awaited, in ms since 1970. -Infinity: it is not told. */
  upTo: number
}

/** Says up to when nothing more is awaited: `eventTime`, or an asynchronous step behind it. */
export interface WatermarkClock {
  /** In ms since 1970; never falls. -Infinity before the first message. */
  readonly watermark: number
}

/** How far an `eventTime` is. */
export interface Watermark {
  readonly name: string
  /** In ms since 1970. Absent: nothing is known yet */
  readonly at?: number
  /** The origin that it waits for. */
  readonly heldBy?: string
}

/** A clock as its pipeline knows it. */
export interface PipelineClock extends WatermarkClock {
  /** As who made it named it. Absent: it only passes on what others say. */
  readonly name?: string
  /** The origin that the watermark waits for. */
  readonly holder?: string | undefined
  /** Something is awaited that could hold the watermark. What is not live holds nobody. */
  readonly live: boolean
  /** It moves no more. */
  readonly ended: boolean
  /** On a cluster, where shards live by it: tells of all origins that it knows. */
  tellOrigins?(visit: TellOrigin): void
  /** Nothing more comes of this origin, or of any whose name begins with it and a slash. */
  originEnded?(origin: string): void
  /** On a cluster, of an origin that may be at any worker: it is at this one, or not any more. */
  originComes?(origin: string): void
  originGoes?(origin: string): void
  /** The source has replayed what it had: its connections before the start do not come back. */
  connectionsOver?(source: string): void
  /** These sources have opened, and there are no others. */
  allOpened?(sources: ReadonlySet<string>): void
}

/** A step that is to be woken when the time is another and no message tells it so. */
export interface Sleeper {
  /** Called after each chunk, and when an origin has ended: what stands upstream is called first. */
  readonly look: () => void
  /** A clock that held nobody is about to hold: what time it is without that one stays. */
  readonly remember?: () => void
  /** Calls `work` between two messages of the step. Absent: at once */
  turn: Turn | undefined
  /** Messages of this origin, or of one below it, are kept and have not come out. Absent: none are */
  keeps?(origin: string): boolean
}

export type Turn = (work: () => void) => void

/** Whether an origin is this one, or below it: its name begins with that and a slash. */
export const isOrigin = (origin: string | undefined, of: string): boolean =>
  origin === of || origin?.startsWith(`${of}/`) === true
