import type { PipelineTime } from '../context/time/pipelineTime.ts'
import type { Teller, TellOrigin } from '../state/exchange.ts'

/** An origin as an `eventTime` knows it. */
export interface KnownOrigin extends Teller {
  readonly name: string | undefined
  readonly kept: { readonly greatest: number }
  readonly idle: boolean
}

/**
 * What shards are told of the origins of an `eventTime`, on a cluster. A partition of a topic, or a shard of a step, is
 * the same origin whichever worker it is at. The connections and files of a worker are one, of that worker.
 */
export class ToldOrigins {
  readonly #clock: string
  readonly #pipeline: PipelineTime
  /** Those that there will be, at whichever worker. */
  readonly #foreseen = new Set<string>()
  readonly #own: Teller = {}

  constructor(clock: string, pipeline: PipelineTime) {
    this.#clock = clock
    this.#pipeline = pipeline
  }

  foresee(names: readonly string[]): void {
    for (const name of names) this.#foreseen.add(name)
  }

  /** It is one that may be at any worker. */
  isShared(name: string | undefined): name is string {
    return name !== undefined && this.#foreseen.has(name)
  }

  /** What shards know an origin as. */
  nameOf(name: string | undefined): string {
    return `${this.#clock}/${this.isShared(name) ? name : (this.#pipeline.worker?.name ?? '')}`
  }

  /**
   * Tells of all. `awaitsAnybody`: the first one is waited for, at whichever worker, or was; `undefined`: nobody waits.
   * `watermark`: of an origin, or of those of this worker.
   */
  tell(
    visit: TellOrigin,
    origins: readonly KnownOrigin[],
    watermark: (origin: KnownOrigin) => number,
    awaitsAnybody: boolean | undefined,
    hasStopped: boolean,
  ): void {
    let least = Infinity
    for (const origin of origins) {
      if (!this.isShared(origin.name) && !origin.idle) least = Math.min(least, watermark(origin))
    }
    const { worker, hasOwnSources } = this.#pipeline
    const own = this.nameOf(undefined)
    for (const name of this.#foreseen) visit(this.nameOf(name), -Infinity, 'awaited')
    if (least < Infinity) visit(own, -Infinity, 'awaited')
    if (awaitsAnybody !== undefined) visit(`${this.#clock}/…`, -Infinity, awaitsAnybody ? 'awaited' : 'idle')
    for (const origin of origins) {
      if (!this.isShared(origin.name)) continue
      visit(this.nameOf(origin.name), watermark(origin), origin.idle ? 'idle' : 'live', origin)
    }
    if (least === Infinity && !hasOwnSources) return
    const isOver = least === Infinity || (hasStopped && worker?.comesBack !== true)
    visit(own, isOver ? -Infinity : least, isOver ? 'idle' : 'live', this.#own)
  }
}
