import { WallarxError } from '../base/errors.ts'
import type { Exchange, ExchangeStep, MessagesTime } from '../state/exchange.ts'
import type { PackTracing } from './cluster.ts'
import { noParents, OpenPacks, type TakenPack } from './openPacks.ts'
import type { News } from './time/origins.ts'
import { pack, unpackFor } from './pack.ts'
import { sliceTime } from './time/packTime.ts'
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

export function createPackedExchange(options: PackedExchangeOptions): PackedExchange {
  const { shards, largestPack, tracing } = options
  const steps = createProgramSteps(shards)
  const open = new OpenPacks(options)
  let areForeseen = false

  /** How large messages are is known when they are packed: what cannot be sent in one is sent in two. */
  const packInto = (all: OutgoingPack[], one: TakenPack): void => {
    const { partition, shard, step, parents, messages, time } = one
    const bytes = pack({ program: steps.program, step, messages, time })
    if (bytes.length <= largestPack || messages.length === 0) all.push({ partition, shard, bytes, parents })
    else if (messages.length > 1) {
      const half = messages.length >> 1
      packInto(all, { ...one, messages: messages.slice(0, half), time: time && sliceTime(time, 0, half) })
      packInto(all, { ...one, messages: messages.slice(half), time: time && sliceTime(time, half, messages.length) })
    } else {
      steps.get(step)?.refuse(tooLarge(partition, bytes.length, largestPack), messages[0] as never)
      if (time !== undefined) packInto(all, { ...one, messages: [], time: saidAtOnce(time) })
    }
  }

  return {
    shards,
    join(step) {
      const own = step as unknown as ExchangeStep<never>
      const id = steps.join(own)
      const link = open.link(step, id)
      return {
        id,
        isHere: link.isHere,
        leave() {
          link.hasLeft = true
          steps.leave(id, own)
          step.gate.open()
        },
      }
    },

    get pending() {
      return !open.isEmpty || steps.hasLeftOver || (areForeseen && open.hasNews)
    },

    take() {
      if (areForeseen) open.say()
      const outgoing: OutgoingPack[] = []
      const taken = open.take()
      for (const { gate } of steps.all()) gate.open()
      for (const one of steps.takeLeftOver()) packInto(outgoing, { ...one, parents: noParents })
      for (const one of taken) packInto(outgoing, one)
      return outgoing
    },

    get said() {
      return open.said
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

const saidAtOnce = ({ said }: MessagesTime): MessagesTime => ({
  times: [],
  said: said.map((one) => ({ ...one, before: 0 })),
})

const tooLarge = (partition: string, size: number, largest: number): WallarxError =>
  new WallarxError('KAFKA_MESSAGE_TOO_LARGE', {
    expected: `a message of at most ${largest} bytes on its way to another worker (setting message.max.bytes)`,
    got: `${size} bytes`,
    where: { partition },
  })
