import { crc32 } from '../base/crc32.ts'
import { WallarxError } from '../base/errors.ts'
import { shown } from '../base/shown.ts'
import type { Exchange, ExchangeStep } from '../state/exchange.ts'
import { pack, unpackFor } from './pack.ts'
import { shardOf } from './shard.ts'

/** A pack on its way to the worker that owns the shard. */
export interface OutgoingPack {
  readonly partition: string
  readonly shard: number
  readonly bytes: Buffer
}

/**
 * Gathers what steps hand over into packs, and gives packs that arrive to their steps. Where much waits to be taken it
 * closes the gate of the step that hands over, until it is taken.
 */
export interface PackedExchange extends Exchange {
  /** Whether something waits to be taken. */
  readonly pending: boolean
  /** All that has been handed over since the last call, in order for each shard. Throws `MESSAGE_NOT_SERIALIZABLE`. */
  take(): OutgoingPack[]
  /** The state partitions that steps use. */
  partitions(): string[]
  /** Whether a step that uses the state partition cannot take messages now. */
  held(partition: string): boolean
  /** Calls `resume` once, when one of them that is held now is not any more. */
  onFree(partition: string, resume: () => void): void
  /** Hands the messages of a pack to their step. Throws `CLUSTER_PROGRAMS_DIFFER` and `CLUSTER_PACK_INVALID`. */
  receive(partition: string, bytes: Buffer): void
}

export interface PackedExchangeOptions {
  readonly shards: number
  /** Bytes of a pack, about: a pack that grows beyond it is followed by another one. */
  readonly longestPack: number
  /** Bytes, about, that may wait to be taken. */
  readonly highWaterMark: number
}

interface OpenPack {
  readonly partition: string
  readonly shard: number
  readonly step: string
  messages: unknown[]
}

/** What a pack takes for a message that is no text and no bytes, for all that is known before it is packed. */
const guessed = 100

export function createPackedExchange({ shards, longestPack, highWaterMark }: PackedExchangeOptions): PackedExchange {
  const steps = new Map<string, ExchangeStep<never>>()
  /** Packs that grow, and those that are full, in the order they were begun in. */
  let packs: OpenPack[] = []
  let program: number | undefined
  /** Bytes of what waits to be taken, about. */
  let waiting = 0

  /** Steps that have left are waited for: they are being subscribed to again, or the run stops. */
  const everJoined = new Map<string, { readonly id: string; readonly partition: string }>()

  /** The first one of this name that no step has: one that is subscribed to again takes its place again. */
  const freeId = (name: string): string => {
    let id = name
    for (let number = 2; steps.has(id); number++) id = `${name}#${number}`
    return id
  }

  /** A digest of the steps; it is asked for when all have joined. */
  const digest = (): number => {
    const all = [...everJoined.values()].map(({ id, partition }) => [id, partition]).sort()
    const text = Buffer.from(JSON.stringify([shards, all]))
    return crc32(text, 0, text.length)
  }

  const differ = (got: string, partition: string): WallarxError =>
    new WallarxError('CLUSTER_PROGRAMS_DIFFER', {
      expected: 'workers that run the same pipelines, with the same steps and number of shards',
      got,
      where: { partition },
    })

  return {
    join(step) {
      const id = freeId(`${step.pipeline ?? ''}/${step.step}`)
      const own = step as unknown as ExchangeStep<never>
      steps.set(id, own)
      everJoined.set(id, { id, partition: step.partition })
      const open = new Array<OpenPack | undefined>(shards)
      const left = new Float64Array(shards) // bytes that the open pack may grow by
      return {
        isHere(low, high, message) {
          const shard = shardOf(low, high, shards)
          let growing = open[shard]
          if (growing === undefined || left[shard]! <= 0 || growing.messages === taken) {
            growing = { partition: step.partition, shard, step: id, messages: [] }
            open[shard] = growing
            left[shard] = longestPack
            packs.push(growing)
          }
          growing.messages.push(message)
          const length = lengthOf(message)
          left[shard]! -= length
          waiting += length
          if (waiting >= highWaterMark) step.gate.close()
          return false
        },
        leave() {
          if (steps.get(id) === own) steps.delete(id)
          step.gate.open()
        },
      }
    },

    get pending() {
      return packs.length > 0
    },

    take() {
      program ??= digest()
      const taking = packs
      packs = []
      waiting = 0
      for (const { gate } of steps.values()) gate.open()
      return taking.map((one) => {
        const { partition, shard, step, messages } = one
        one.messages = taken
        return { partition, shard, bytes: pack({ program: program!, step, messages }) }
      })
    },

    partitions: () => [...new Set([...everJoined.values()].map(({ partition }) => partition))],

    held(partition) {
      for (const joined of everJoined.values()) {
        if (joined.partition === partition && steps.get(joined.id)?.held() !== false) return true
      }
      return false
    },

    onFree(partition, resume) {
      for (const step of steps.values()) {
        if (step.partition !== partition || !step.held()) continue
        step.onFree(resume)
        return
      }
    },

    receive(partition, bytes) {
      program ??= digest()
      const arrived = unpackFor(partition, bytes)
      const step = steps.get(arrived.step)
      if (arrived.program !== program) throw differ('a pack of a worker that runs another program', partition)
      if (step?.partition !== partition) throw differ(`a pack for the step ${shown(arrived.step)}`, partition)
      step.receive(arrived.messages as readonly never[])
    },
  }
}

/** In place of the messages of a pack that has been taken. */
const taken: unknown[] = []

const lengthOf = (message: unknown): number =>
  typeof message === 'string' || message instanceof Uint8Array ? message.length + 4 : guessed
