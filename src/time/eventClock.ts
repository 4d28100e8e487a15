import type { Clock } from '../base/clock.ts'
import type { PipelineClock, TimeRegister } from '../context/time.ts'
import type { PipelineTime } from '../context/time/pipelineTime.ts'
import type { Teller, TellOrigin } from '../state/exchange.ts'
import { IdleOrigins, type Silent } from './idleOrigins.ts'
import type { Keeping, KeptOrigin } from './keptOrigins.ts'

interface Origin extends Silent, Teller {
  readonly name: string | undefined
  /** What shards of a cluster know it as. */
  readonly heardAs: string
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
  heardAs: '',
  kept: { greatest: Infinity },
  restored: false,
  heard: Infinity,
  idle: false,
}

/** Stands for those that are to come. */
const anybody: Origin = {
  name: '\0anybody',
  heardAs: '',
  kept: { greatest: -Infinity },
  restored: false,
  heard: 0,
  idle: false,
}

/**
 * The clock of an `eventTime`: the greatest time of each origin, and as watermark the least of these less `outOfOrder`.
 * One origin, or one that does not hold the others, costs a message two comparisons.
 */
export class EventClock implements PipelineClock {
  readonly name: string
  watermark: number
  live = false
  ended = false
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
  readonly #foreseen = new Set<string>()
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
    const found = (): void => {
      this.#settle()
      pipeline.settle()
    }
    if (idleAfter !== undefined) this.#idle = new IdleOrigins(() => this.#origins.values(), idleAfter, clock, found)
    for (const [origin, kept] of keeping.kept.origins) {
      const known = origin === '' ? undefined : origin
      this.#origins.set(known, { ...this.#made(known), kept, restored: true, heard: clock.now() })
    }
    if (this.#origins.size === 0 && waits) this.#origins.set(anybody.name, { ...anybody, heard: clock.now() })
    if (this.#origins.size > 0) this.#idle?.watch()
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
    for (const name of names) this.#foreseen.add(this.#heardAs(name))
    this.#origins.delete(anybody.name)
    this.#settle()
  }

  originComes(name: string): void {
    if (this.#foreseen.has(this.#heardAs(name))) this.awaits(name)
  }

  originGoes(name: string): void {
    if (this.#origins.delete(name)) this.#present = nobody
    this.#settle()
  }

  /** What shards know the origin of the last message as, and up to when nothing more of it is awaited. */
  show(register: Pick<TimeRegister, 'heard' | 'upTo'>): void {
    const { heardAs, kept } = this.#present
    register.heard = heardAs
    register.upTo = kept.greatest - this.#outOfOrder
  }

  tellOrigins(visit: TellOrigin): void {
    for (const name of this.#foreseen) visit(name, -Infinity, 'awaited')
    // Whichever worker has somebody first holds the time in its place.
    if (this.#waits) visit(this.#heardAs('…'), -Infinity, this.#origins.has(anybody.name) ? 'awaited' : 'idle')
    for (const origin of this.#origins.values()) {
      if (origin.name === anybody.name) continue
      visit(origin.heardAs, origin.kept.greatest - this.#outOfOrder, origin.idle ? 'idle' : 'live', origin)
    }
  }

  /** A message of this origin has this time. */
  seen(name: string | undefined, time: number): void {
    let origin = this.#present
    if (origin.name !== name) origin = this.#present = this.#find(name)
    if (this.#pipeline.chunks !== this.#chunk) this.#begin(origin)
    const { kept } = origin
    if (time <= kept.greatest) return
    const isNew = kept.greatest === -Infinity
    kept.greatest = time
    if (isNew || (origin === this.#slowest && time > this.#others)) this.#settle()
    else if (origin === this.#slowest) this.#raise(time)
  }

  originEnded(ended: string): void {
    this.#remove(({ name }) => isOf(name, ended))
  }

  connectionsOver(source: string): void {
    this.#remove(({ name, restored }) => restored && isOf(name, source))
  }

  /** What is restored of sources that the program has no more is over. */
  allOpened(sources: ReadonlySet<string>): void {
    this.#remove(
      ({ name, restored }) => restored && name !== undefined && ![...sources].some((source) => isOf(name, source)),
    )
  }

  /** `stopped`: by a stop, so that it goes on at the next start. */
  end(stopped: boolean): void {
    this.ended = true
    this.#idle?.end()
    if (stopped) return // it goes on holding what is downstream
    this.#remove(() => true)
    this.#pipeline.settle()
  }

  /** Those of the same source, where it is not found by subscription. */
  #meetOthers(name: string | undefined): void {
    if (name === undefined || this.#foreseen.has(this.#heardAs(name))) return
    const others = this.#pipeline.foreseenWith(name)
    if (others === undefined) return
    this.foresees(others.all)
    for (const other of others.here) this.awaits(other)
  }

  #made(name: string | undefined): Origin {
    const heardAs = this.#heardAs(name ?? '?')
    return { name, heardAs, kept: { greatest: -Infinity }, restored: false, heard: 0, idle: false }
  }

  #heardAs(origin: string): string {
    return `${this.name}/${origin}`
  }

  #find(name: string | undefined): Origin {
    let origin = this.#origins.get(name)
    if (origin === undefined) {
      this.#origins.delete(anybody.name)
      origin = this.#made(name)
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
    this.live = this.#slowest !== undefined
    if (this.#slowest !== undefined) this.#raise(this.#slowest.kept.greatest)
  }

  #raise(time: number): void {
    const watermark = time - this.#outOfOrder
    if (watermark > this.watermark) this.watermark = this.#keeping.kept.watermark = watermark
  }
}

const isOf = (origin: string | undefined, source: string): boolean =>
  origin === source || origin?.startsWith(`${source}/`) === true
