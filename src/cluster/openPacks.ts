import type { ExchangeStep, MessagesTime, ShardOfPartition } from '../state/exchange.ts'
import type { PackTracing } from './cluster.ts'
import { createOrigins, noNews, type News, type Origins } from './time/origins.ts'
import { GrowingTime } from './time/packTime.ts'
import { shardOf } from './shard.ts'

/** A pack that grows, or is full and waits to be taken. */
export interface OpenPack {
  readonly partition: string
  readonly shard: number
  readonly step: string
  messages: unknown[]
  time: GrowingTime | undefined
  parents: readonly string[]
}

/** What a pack was. */
export interface TakenPack extends Pick<OpenPack, 'partition' | 'shard' | 'step' | 'parents'> {
  readonly messages: readonly unknown[]
  readonly time: MessagesTime | undefined
}

/** A step that hands something over. */
export interface Link {
  /** `false`: the message is in a pack. */
  readonly isHere: (low: number, high: number, message: unknown) => false
  hasLeft: boolean
}

interface OpenLink extends Link {
  readonly origins: Origins | undefined
  /** A pack of its own. */
  readonly fresh: (shard: number) => OpenPack
  /** The one that what comes next belongs into. */
  readonly growing: (shard: number) => OpenPack
}

export interface OpenPacksOptions {
  readonly shards: number
  readonly longestPack: number
  readonly highWaterMark: number
  readonly tracing?: PackTracing | undefined
}

export const noParents: readonly string[] = []
/** Of one pack; those that come later are not linked. */
const mostParents = 16
/** What a pack takes for a message that is no text and no bytes, for all that is known before it is packed. */
const guessed = 100

/** Packs that grow, and those that are full, in the order they were begun in. */
export class OpenPacks {
  /** What was said of origins in what was taken last. */
  said: Pick<News, 'shards' | 'ofSources'> = noNews
  readonly #options: OpenPacksOptions
  #packs: OpenPack[] = []
  /** Those that have left stay until what they know of time is taken. */
  #links: OpenLink[] = []
  /** Bytes of what waits to be taken, about. */
  #waiting = 0

  constructor(options: OpenPacksOptions) {
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#packs.length === 0
  }

  get hasNews(): boolean {
    return this.#links.some(({ origins }) => origins?.hasNews)
  }

  link<In>({ partition, sent, gate }: ExchangeStep<In>, step: string): Link {
    const { shards, longestPack, highWaterMark, tracing } = this.#options
    const open = new Array<OpenPack | undefined>(shards)
    const left = new Float64Array(shards) // bytes that the open pack may grow by
    const fresh = (shard: number): OpenPack => ({
      partition,
      shard,
      step,
      messages: [],
      time: undefined,
      parents: noParents,
    })
    const growing = (shard: number): OpenPack => {
      const last = open[shard]
      if (last !== undefined && left[shard]! > 0 && last.messages !== taken) return last
      const next = fresh(shard)
      open[shard] = next
      left[shard] = longestPack
      this.#packs.push(next)
      return next
    }
    const link: OpenLink = {
      origins: sent && createOrigins(sent),
      fresh,
      growing,
      hasLeft: false,
      isHere: (low, high, message) => {
        const shard = shardOf(low, high, shards)
        const pack = growing(shard)
        if (sent?.isRead === true) (pack.time ??= new GrowingTime(pack.messages.length)).add(sent.register)
        pack.messages.push(message)
        if (tracing?.current !== undefined) pack.parents = withParent(pack.parents, tracing.current)
        const length = lengthOf(message)
        left[shard]! -= length
        this.#waiting += length
        if (this.#waiting >= highWaterMark) gate.close()
        return false
      },
    }
    this.#links.push(link)
    return link
  }

  /** Puts what has become known of time behind what was handed over, and before it all what will be there. */
  say(): void {
    const first: OpenPack[] = []
    const places: ShardOfPartition[] = []
    let ofAny = false
    for (const { origins, fresh, growing } of this.#links) {
      const { ahead, known, shards: own, ofSources } = origins?.take() ?? noNews
      places.push(...own)
      ofAny ||= ofSources
      for (let shard = 0; shard < this.#options.shards; shard++) {
        if (ahead.length > 0) first.push(saying(fresh(shard), ahead))
        if (known.length > 0) saying(growing(shard), known)
      }
    }
    this.said = { shards: places, ofSources: ofAny }
    this.#packs = [...first, ...this.#packs]
    this.#links = this.#links.filter(({ hasLeft }) => !hasLeft)
  }

  take(): TakenPack[] {
    const packs = this.#packs
    this.#packs = []
    this.#waiting = 0
    return packs.map((pack) => {
      const copy = { ...pack }
      pack.messages = taken
      pack.time = undefined
      return copy
    })
  }
}

/** Says this of origins behind the messages of a pack. */
function saying(pack: OpenPack, news: News['known']): OpenPack {
  pack.time ??= new GrowingTime(pack.messages.length)
  for (const said of news) pack.time.say(...said)
  return pack
}

function withParent(parents: readonly string[], parent: string): readonly string[] {
  return parents.at(-1) === parent || parents.length >= mostParents ? parents : [...parents, parent]
}

/** In place of the messages of a pack that has been taken. */
const taken: unknown[] = []

const lengthOf = (message: unknown): number =>
  typeof message === 'string' || message instanceof Uint8Array ? message.length + 4 : guessed
