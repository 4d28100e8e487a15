import { WallarxError } from '../base/errors.ts'
import type { Exchange, ExchangeStep, MessagesTime, ShardOfPartition } from '../state/exchange.ts'
import type { PackTracing } from './cluster.ts'
import { createOrigins, noNews, type News, type Origins } from './origins.ts'
import { pack, unpackFor } from './pack.ts'
import { GrowingTime, sliceTime } from './packTime.ts'
import { shardOf } from './shard.ts'
import { createProgramSteps, differ, type ProgramSteps } from './steps.ts'

/** A pack on its way to the worker that owns the shard. */
export interface OutgoingPack {
  readonly partition: string
  readonly shard: number
  readonly bytes: Buffer
  /** Of what its messages have come, as far as that is traced. */
  readonly parents: readonly string[]
}

/**
 * Gathers what steps hand over into packs, and gives packs that arrive to their steps. Where much waits to be taken it
 * closes the gate of the step that hands over, until it is taken.
 */
export interface PackedExchange
  extends Exchange, Pick<ProgramSteps, 'partitions' | 'held' | 'onFree' | 'open' | 'rest' | 'close' | 'takeClocks'> {
  /** Whether something waits to be taken. */
  readonly pending: boolean
  /**
   * All that has been handed over since the last call, in order for each shard; behind it what has become known of
   * time. Throws `MESSAGE_NOT_SERIALIZABLE`.
   */
  take(): OutgoingPack[]
  /** What is said in what was taken last: it counts only from who owns what it is about. */
  readonly said: Pick<News, 'shards' | 'ofSources'>
  /** All steps have joined, and use these state partitions: those that join later are refused. */
  begin(): string[]
  /** All that will be an origin is known. */
  foreseen(): void
  /**
   * Hands the messages of a pack for a shard to their step. Throws `CLUSTER_PROGRAMS_DIFFER` and
   * `CLUSTER_PACK_INVALID`. `parents`: as they were with the pack.
   */
  receive(partition: string, shard: number, bytes: Buffer, parents?: readonly string[]): void
}

export interface PackedExchangeOptions {
  readonly shards: number
  /** Bytes of a pack, about: a pack that grows beyond it is followed by another one. */
  readonly longestPack: number
  /** Bytes, about, that may wait to be taken. */
  readonly highWaterMark: number
  /** Bytes of a pack that can be sent at all. */
  readonly largestPack: number
  /** Default: nothing is traced */
  readonly tracing?: PackTracing | undefined
}

interface OpenPack {
  readonly partition: string
  readonly shard: number
  readonly step: string
  messages: unknown[]
  time: GrowingTime | undefined
  parents: readonly string[]
}

/** A step that hands something over, and the packs that grow for it, by shard. */
interface Link {
  readonly origins: Origins | undefined
  /** A pack of its own. */
  readonly fresh: (shard: number) => OpenPack
  /** The one that what comes next belongs into. */
  readonly growing: (shard: number) => OpenPack
  hasLeft: boolean
}

const noParents: readonly string[] = []
/** Of one pack; those that come later are not linked. */
const mostParents = 16

/** What a pack takes for a message that is no text and no bytes, for all that is known before it is packed. */
const guessed = 100

export function createPackedExchange(options: PackedExchangeOptions): PackedExchange {
  const { shards, longestPack, largestPack, highWaterMark, tracing } = options
  const steps = createProgramSteps(shards)
  /** Packs that grow, and those that are full, in the order they were begun in. */
  let packs: OpenPack[] = []
  /** Those that have left stay until what they know of time is taken. */
  let links: Link[] = []
  /** Bytes of what waits to be taken, about. */
  let waiting = 0
  let areForeseen = false
  let said: Pick<News, 'shards' | 'ofSources'> = noNews

  /** How large messages are is known when they are packed: what cannot be sent in one is sent in two. */
  const packInto = (
    all: OutgoingPack[],
    open: Omit<OpenPack, 'messages' | 'time'>,
    messages: readonly unknown[],
    time: MessagesTime | undefined,
  ): void => {
    const { partition, shard, step, parents } = open
    const bytes = pack({ program: steps.program, step, messages, time })
    if (bytes.length <= largestPack || messages.length === 0) all.push({ partition, shard, bytes, parents })
    else if (messages.length > 1) {
      const half = messages.length >> 1
      packInto(all, open, messages.slice(0, half), time && sliceTime(time, 0, half))
      packInto(all, open, messages.slice(half), time && sliceTime(time, half, messages.length))
    } else {
      steps.get(step)?.refuse(tooLarge(partition, bytes.length, largestPack), messages[0] as never)
      if (time !== undefined)
        packInto(all, open, [], { times: [], said: time.said.map((one) => ({ ...one, before: 0 })) })
    }
  }

  /** Puts what has become known of time behind what was handed over, and before it all what will be there. */
  const say = (): void => {
    said = noNews
    if (!areForeseen) return
    const first: OpenPack[] = []
    const places: ShardOfPartition[] = []
    let ofAny = false
    for (const { origins, fresh, growing } of links) {
      const { ahead, known, shards: own, ofSources } = origins?.take() ?? noNews
      places.push(...own)
      ofAny ||= ofSources
      for (let shard = 0; shard < shards; shard++) {
        if (ahead.length > 0) first.push(saying(fresh(shard), ahead))
        if (known.length > 0) saying(growing(shard), known)
      }
    }
    said = { shards: places, ofSources: ofAny }
    packs = [...first, ...packs]
    links = links.filter(({ hasLeft }) => !hasLeft)
  }

  return {
    shards,
    join(step) {
      const own = step as unknown as ExchangeStep<never>
      const id = steps.join(own)
      const { sent } = step
      const open = new Array<OpenPack | undefined>(shards)
      const left = new Float64Array(shards) // bytes that the open pack may grow by
      const fresh = (shard: number): OpenPack => ({
        partition: step.partition,
        shard,
        step: id,
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
        packs.push(next)
        return next
      }
      const link: Link = { origins: sent && createOrigins(sent), fresh, growing, hasLeft: false }
      links.push(link)
      return {
        id,
        isHere(low, high, message) {
          const shard = shardOf(low, high, shards)
          const pack = growing(shard)
          if (sent?.isRead === true) (pack.time ??= new GrowingTime(pack.messages.length)).add(sent.register)
          pack.messages.push(message)
          if (tracing?.current !== undefined) pack.parents = withParent(pack.parents, tracing.current)
          const length = lengthOf(message)
          left[shard]! -= length
          waiting += length
          if (waiting >= highWaterMark) step.gate.close()
          return false
        },
        leave() {
          link.hasLeft = true
          steps.leave(id, own)
          step.gate.open()
        },
      }
    },

    get pending() {
      return packs.length > 0 || steps.hasLeftOver || (areForeseen && links.some(({ origins }) => origins?.hasNews))
    },

    take() {
      say()
      const taking = packs
      packs = []
      waiting = 0
      for (const { gate } of steps.all()) gate.open()
      const outgoing: OutgoingPack[] = []
      for (const one of steps.takeLeftOver()) packInto(outgoing, { ...one, parents: noParents }, one.messages, one.time)
      for (const one of taking) {
        const { messages, time } = one
        one.messages = taken
        one.time = undefined
        packInto(outgoing, one, messages, time)
      }
      return outgoing
    },

    get said() {
      return said
    },

    foreseen() {
      areForeseen = true
    },

    partitions: steps.partitions,
    held: steps.held,
    onFree: steps.onFree,
    open: steps.open,
    rest: steps.rest,
    close: steps.close,
    takeClocks: steps.takeClocks,
    begin() {
      steps.begin()
      return steps.partitions()
    },

    receive(partition, shard, bytes, parents = noParents) {
      const arrived = unpackFor(partition, bytes)
      if (arrived.program !== steps.program) throw differ('a pack of a worker that runs another program', partition)
      const deliver = (): void => {
        steps.deliver(partition, shard, arrived)
      }
      if (tracing === undefined || parents.length === 0) deliver()
      else
        tracing.receive({ partition, shard, step: arrived.step, messages: arrived.messages.length }, parents, deliver)
    },
  }
}

function withParent(parents: readonly string[], parent: string): readonly string[] {
  return parents.at(-1) === parent || parents.length >= mostParents ? parents : [...parents, parent]
}

/** Says this of origins behind the messages of a pack. */
function saying(pack: OpenPack, news: News['known']): OpenPack {
  pack.time ??= new GrowingTime(pack.messages.length)
  for (const said of news) pack.time.say(...said)
  return pack
}

/** In place of the messages of a pack that has been taken. */
const taken: unknown[] = []

const lengthOf = (message: unknown): number =>
  typeof message === 'string' || message instanceof Uint8Array ? message.length + 4 : guessed

const tooLarge = (partition: string, size: number, largest: number): WallarxError =>
  new WallarxError('KAFKA_MESSAGE_TOO_LARGE', {
    expected: `a message of at most ${largest} bytes on its way to another worker (setting message.max.bytes)`,
    got: `${size} bytes`,
    where: { partition },
  })
