import type { Clock } from '../base/clock.ts'
import { isOrigin, type PipelineClock, type TimeRegister } from '../context/time.ts'
import type { PipelineTime } from '../context/time/pipelineTime.ts'
import type { Teller, TellOrigin } from '../state/exchange.ts'
import { IdleOrigins, type Silent } from './idleOrigins.ts'
import type { Keeping, KeptOrigin } from './keptOrigins.ts'
import { ToldOrigins, type KnownOrigin } from './toldOrigins.ts'

interface Origin extends Silent, Teller {
  readonly name: string | undefined
  readonly kept: KeptOrigin
  /** Nothing of it has come since the start. */
  restored: boolean
}

export interface EventClockOptions {
  readonly name: string
  readonly pipeline: PipelineTime
  readonly clock: Clock
  readonly keeping: Keeping
  readonly outOfOrder: number
  /** Absent: an origin is waited for until it ends. */
  readonly idleAfter: number | undefined
  /** It holds the time downstream before anything is known of an origin. */
  readonly waits: boolean
}

const nobody: Origin = {
  name: '\0',
  kept: { greatest: Infinity },
  restored: false,
  heard: Infinity,
  idle: false,
}

/** Stands for those that are to come. */
const anybody: Origin = { name: '\0anybody', kept: { greatest: -Infinity }, restored: false, heard: 0, idle: false }

/**
 * The clock of an `eventTime`: the greatest time of each origin, and as watermark the least of these less `outOfOrder`.
 * One origin, or one that does not hold the others, costs a message two comparisons.
 */
export class EventClock implements PipelineClock {
  readonly name: string
  watermark: number
  live = false
  ended = false
  /** It has ended, and goes on at the next start. */
  #stopped = false
  readonly #outOfOrder: number
  readonly #waits: boolean
  readonly #pipeline: PipelineTime
  readonly #clock: Clock
  readonly #keeping: Keeping
  /** Those that have not ended. */
  readonly #origins = new Map<string | undefined, Origin>()
  readonly #idle: IdleOrigins | undefined
  /** That of the last message. */
  #present = nobody
  /** The one whose greatest time is least, of those that are not idle. */
  #slowest: Origin | undefined
  /** Not more than the greatest time of any other one. */
  #others = Infinity
  /** For shards of a cluster. */
  readonly #told: ToldOrigins
  /** What they know the present one as. */
  #heardAs: string | undefined
  /** The last chunk of which there was a message. */
  #chunk = -1

  constructor({ name, pipeline, clock, keeping, outOfOrder, idleAfter, waits }: EventClockOptions) {
    this.name = name
    this.watermark = keeping.kept.watermark
    this.#keeping = keeping
    this.#pipeline = pipeline
    this.#clock = clock
    this.#outOfOrder = outOfOrder
    this.#waits = waits
    this.#told = new ToldOrigins(name, pipeline)
    const found = (): void => {
      this.#settle()
      pipeline.settle()
    }
    if (idleAfter !== undefined) this.#idle = new IdleOrigins(() => this.#origins.values(), idleAfter, clock, found)
    for (const [origin, kept] of keeping.kept.origins) {
      const known = origin === '' ? undefined : origin
      this.#origins.set(known, { name: known, kept, restored: true, heard: clock.now(), idle: false })
    }
    // Where all have come and gone before a restart, nobody is waited for, as without one.
    const isNew = this.watermark === -Infinity && this.#origins.size === 0
    if (waits && isNew) this.#origins.set(anybody.name, { ...anybody, heard: clock.now() })
    if (this.#origins.size > 0) this.#idle?.watch()
    this.live = this.#origins.size > 0 // it does not begin to hold: it may have done so before a restart
    this.#settle()
    pipeline.addClock(this)
  }

  /** `undefined`: none, or one that nobody has named. */
  get holder(): string | undefined {
    const name = this.#slowest?.name
    return name === anybody.name ? undefined : name
  }

  /** This origin is there, and holds the watermark from now on. */
  readonly awaits = (name: string): void => {
    if (this.#origins.has(name)) return
    this.#find(name).heard = this.#clock.now()
    this.#idle?.watch()
    this.#settle()
  }

  /** There will be these, at whichever worker. */
  readonly foresees = (names: readonly string[]): void => {
    this.#told.foresee(names)
    this.#origins.delete(anybody.name)
    this.#settle()
  }

  originComes(name: string): void {
    if (this.#told.isShared(name)) this.awaits(name)
  }

  originGoes(name: string): void {
    if (!this.#origins.delete(name)) return
    this.#present = nobody
    this.#settle()
  }

  /** What shards know the origin of the last message as, and up to when nothing more of it is awaited. */
  show(register: Pick<TimeRegister, 'heard' | 'upTo'>): void {
    const { name, kept } = this.#present
    register.heard = this.#heardAs ??= this.#told.nameOf(name)
    register.upTo = this.#told.isShared(name) ? kept.greatest - this.#outOfOrder : this.watermark
  }

  tellOrigins(visit: TellOrigin): void {
    const origins = [...this.#origins.values()].filter(({ name }) => name !== anybody.name)
    const watermark = ({ kept }: KnownOrigin): number => kept.greatest - this.#outOfOrder
    this.#told.tell(visit, origins, watermark, this.#waits ? this.#origins.has(anybody.name) : undefined, this.#stopped)
  }

  /** A message of this origin has this time. */
  seen(name: string | undefined, time: number): void {
    let origin = this.#present
    if (origin.name !== name) {
      origin = this.#present = this.#find(name)
      this.#heardAs = undefined
    }
    if (this.#pipeline.chunks !== this.#chunk) this.#begin(origin)
    const { kept } = origin
    if (time <= kept.greatest) return
    const isNew = kept.greatest === -Infinity
    kept.greatest = time
    if (isNew || (origin === this.#slowest && time > this.#others)) this.#settle()
    else if (origin === this.#slowest) this.#raise(time - this.#outOfOrder)
  }

  originEnded(ended: string): void {
    this.#remove(({ name }) => isOrigin(name, ended))
  }

  connectionsOver(source: string): void {
    this.#remove(({ name, restored }) => restored && isOrigin(name, source))
  }

  /** What is restored of sources that the program has no more is over. */
  allOpened(sources: ReadonlySet<string>): void {
    this.#remove(
      ({ name, restored }) => restored && name !== undefined && ![...sources].some((source) => isOrigin(name, source)),
    )
  }

  /** `stopped`: by a stop, so that it goes on at the next start. */
  end(stopped: boolean): void {
    this.ended = true
    this.#stopped = stopped
    this.#idle?.end()
    if (stopped) return // it goes on holding what is downstream
    this.#remove(() => true)
    this.#pipeline.settle()
  }

  /** Those of the same source, where it is not found by subscription. */
  #meetOthers(name: string | undefined): void {
    if (name === undefined || this.#told.isShared(name)) return
    const others = this.#pipeline.foreseenWith(name)
    if (others === undefined) return
    this.foresees(others.all)
    for (const other of others.here) this.awaits(other)
  }

  #find(name: string | undefined): Origin {
    let origin = this.#origins.get(name)
    if (origin === undefined) {
      this.#origins.delete(anybody.name)
      origin = { name, kept: { greatest: -Infinity }, restored: false, heard: 0, idle: false }
      this.#origins.set(name, origin)
      this.#keeping.kept.origins.set(name ?? '', origin.kept)
      this.#meetOthers(name)
    }
    this.#chunk = -1
    return origin
  }

  #remove(isOver: (origin: Origin) => boolean): void {
    const before = this.#origins.size
    for (const [name, origin] of this.#origins) {
      if (!isOver(origin)) continue
      this.#origins.delete(name)
      this.#keeping.kept.origins.delete(name ?? '')
    }
    if (this.#origins.size === before) return
    this.#present = nobody
    this.#keeping.changed()
    this.#settle()
  }

  /** The first message of this origin in a chunk. */
  #begin(origin: Origin): void {
    this.#chunk = this.#pipeline.chunks
    origin.restored = false
    this.#keeping.changed()
    if (this.#idle === undefined) return
    origin.heard = this.#clock.now()
    this.#idle.watch()
    if (!origin.idle) return
    origin.idle = false
    this.#settle()
  }

  #settle(): void {
    this.#slowest = undefined
    this.#others = Infinity
    for (const origin of this.#origins.values()) {
      if (origin.idle) continue
      if (this.#slowest === undefined) this.#slowest = origin
      else if (origin.kept.greatest < this.#slowest.kept.greatest) {
        this.#others = this.#slowest.kept.greatest
        this.#slowest = origin
      } else if (origin.kept.greatest < this.#others) this.#others = origin.kept.greatest
    }
    if (!this.live && this.#slowest !== undefined) this.#pipeline.remember()
    this.live = this.#slowest !== undefined
    if (this.#slowest !== undefined) this.#raise(this.#slowest.kept.greatest - this.#outOfOrder)
  }

  #raise(watermark: number): void {
    if (watermark > this.watermark) this.watermark = this.#keeping.kept.watermark = watermark
  }
}
