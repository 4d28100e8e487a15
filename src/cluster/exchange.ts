import { WallarxError } from '../base/errors.ts'
import type { Exchange, ExchangeStep } from '../state/exchange.ts'
import type { PackTracing } from './cluster.ts'
import { pack, unpackFor } from './pack.ts'
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
export interface PackedExchange extends Exchange, Pick<ProgramSteps, 'partitions' | 'held' | 'onFree'> {
  /** Whether something waits to be taken. */
  readonly pending: boolean
  /** All that has been handed over since the last call, in order for each shard. Throws `MESSAGE_NOT_SERIALIZABLE`. */
  take(): OutgoingPack[]
  /** All steps have joined, and use these state partitions: those that join later are refused. */
  begin(): string[]
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
  parents: readonly string[]
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
  /** Bytes of what waits to be taken, about. */
  let waiting = 0

  /** How large messages are is known when they are packed: what cannot be sent in one is sent in two. */
  const packInto = (all: OutgoingPack[], open: Omit<OpenPack, 'messages'>, messages: readonly unknown[]): void => {
    const { partition, shard, step, parents } = open
    const bytes = pack({ program: steps.program, step, messages })
    if (bytes.length <= largestPack) all.push({ partition, shard, bytes, parents })
    else if (messages.length > 1) {
      const half = messages.length >> 1
      packInto(all, open, messages.slice(0, half))
      packInto(all, open, messages.slice(half))
    } else steps.get(step)?.refuse(tooLarge(partition, bytes.length, largestPack), messages[0] as never)
  }

  return {
    join(step) {
      const own = step as unknown as ExchangeStep<never>
      const id = steps.join(own)
      const open = new Array<OpenPack | undefined>(shards)
      const left = new Float64Array(shards) // bytes that the open pack may grow by
      return {
        isHere(low, high, message) {
          const shard = shardOf(low, high, shards)
          let growing = open[shard]
          if (growing === undefined || left[shard]! <= 0 || growing.messages === taken) {
            growing = { partition: step.partition, shard, step: id, messages: [], parents: noParents }
            open[shard] = growing
            left[shard] = longestPack
            packs.push(growing)
          }
          growing.messages.push(message)
          if (tracing?.current !== undefined) growing.parents = withParent(growing.parents, tracing.current)
          const length = lengthOf(message)
          left[shard]! -= length
          waiting += length
          if (waiting >= highWaterMark) step.gate.close()
          return false
        },
        leave() {
          steps.leave(id, own)
          step.gate.open()
        },
      }
    },

    get pending() {
      return packs.length > 0 || steps.hasLeftOver
    },

    take() {
      const taking = packs
      packs = []
      waiting = 0
      for (const { gate } of steps.all()) gate.open()
      const outgoing: OutgoingPack[] = []
      for (const one of steps.takeLeftOver()) packInto(outgoing, { ...one, parents: noParents }, one.messages)
      for (const one of taking) {
        const { messages } = one
        one.messages = taken
        packInto(outgoing, one, messages)
      }
      return outgoing
    },

    partitions: steps.partitions,
    held: steps.held,
    onFree: steps.onFree,
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
