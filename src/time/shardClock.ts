import { asBytes, decodeText, encodeText, type Bytes } from '#platform'
import type { PipelineClock } from '../context/time.ts'
import type { OriginState } from '../state/exchange.ts'

interface Origin {
  /** In ms since 1970: up to when nothing more is awaited of it. */
  watermark: number
  idle: boolean
}

type Packed = [watermark: number | null, origins: [name: string, watermark: number | null, idle: 0 | 1][]]

/**
 * What time it is in one shard of a step: the least watermark of the origins that feed it, as far as it was told with
 * its messages. It is a function of what the shard has processed, and moves with it from worker to worker.
 */
export class ShardClock implements PipelineClock {
  watermark = -Infinity
  readonly ended = false
  /** It has been told something since it was last packed. */
  moved = false
  readonly #origins = new Map<string, Origin>()
  /** The one whose watermark is least, of those that are not idle. */
  #slowest: Origin | undefined
  #holder: string | undefined

  /** `packed`: as `pack` gave it. */
  constructor(packed?: Uint8Array) {
    if (packed === undefined) return
    const [watermark, origins] = JSON.parse(decodeText(asBytes(packed), 0, packed.length)) as Packed
    this.watermark = watermark ?? -Infinity
    for (const [name, at, idle] of origins) this.#origins.set(name, { watermark: at ?? -Infinity, idle: idle === 1 })
    this.#settle()
  }

  /** Something was ever told. */
  get isTold(): boolean {
    return this.#origins.size > 0 || this.watermark > -Infinity
  }

  get live(): boolean {
    return this.#slowest !== undefined
  }

  get holder(): string | undefined {
    return this.#holder
  }

  /** Something is said of an origin. */
  hear(name: string, watermark: number, state: OriginState): void {
    const origin = this.#origins.get(name)
    if (state === 'over') {
      if (this.#remove(name)) this.#change()
      return
    }
    if (origin === undefined) {
      this.#origins.set(name, { watermark: state === 'awaited' ? -Infinity : watermark, idle: state === 'idle' })
      this.#change()
      return
    }
    if (state === 'awaited') return
    const isIdle = state === 'idle'
    const isOther = origin.idle !== isIdle
    if (!isOther && watermark <= origin.watermark) return
    if (watermark > origin.watermark) origin.watermark = watermark
    origin.idle = isIdle
    if (isOther || origin === this.#slowest) this.#change()
    else this.moved = true
  }

  pack(): Bytes {
    this.moved = false
    const packed: Packed = [
      finite(this.watermark),
      [...this.#origins].map(([name, { watermark, idle }]) => [name, finite(watermark), idle ? 1 : 0]),
    ]
    return encodeText(JSON.stringify(packed))
  }

  #remove(name: string): boolean {
    const before = this.#origins.size
    for (const known of this.#origins.keys()) {
      if (known === name || known.startsWith(`${name}/`)) this.#origins.delete(known)
    }
    return this.#origins.size < before
  }

  #change(): void {
    this.moved = true
    this.#settle()
  }

  #settle(): void {
    this.#slowest = this.#holder = undefined
    for (const [name, origin] of this.#origins) {
      if (origin.idle || (this.#slowest !== undefined && origin.watermark >= this.#slowest.watermark)) continue
      this.#slowest = origin
      this.#holder = name
    }
    if (this.#slowest !== undefined && this.#slowest.watermark > this.watermark)
      this.watermark = this.#slowest.watermark
  }
}

const finite = (watermark: number): number | null => (Number.isFinite(watermark) ? watermark : null)
