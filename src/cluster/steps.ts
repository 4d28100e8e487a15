import { crc32 } from '../base/crc32.ts'
import { WallarxError } from '../base/errors.ts'
import { shown } from '../base/shown.ts'
import type { ExchangeStep, MessagesTime } from '../state/exchange.ts'
import type { Pack } from './pack.ts'
import { sliceTime } from './time/packTime.ts'
import { createStepClocks, type StepClocks } from './time/stepClocks.ts'

/** Messages of a pack whose step has left in the middle of it. */
export interface LeftOver {
  readonly partition: string
  readonly shard: number
  readonly step: string
  readonly messages: readonly unknown[]
  readonly time: MessagesTime | undefined
}

/** The steps of a program that use state partitions, and what has arrived for them. */
export interface ProgramSteps extends Pick<StepClocks, 'open' | 'rest' | 'close' | 'takeClocks'> {
  /**
   * Gives the step its id. Throws `CLUSTER_PROGRAMS_DIFFER` where it is one that is not known and others are at work:
   * what workers send each other for it could not be told from what is of another program.
   */
  join(step: ExchangeStep<never>): string
  leave(id: string, step: ExchangeStep<never>): void
  get(id: string): ExchangeStep<never> | undefined
  /** Those that are there. */
  all(): Iterable<ExchangeStep<never>>
  /** The state partitions that they use. */
  readonly partitions: () => string[]
  /** All have joined. */
  begin(): void
  /** A digest of all; they have joined. */
  readonly program: number
  /** Whether a step that uses the state partition cannot take messages now. */
  readonly held: (partition: string) => boolean
  /** Calls `resume` once, when one of them that is held now is not any more. */
  readonly onFree: (partition: string, resume: () => void) => void
  /** Hands messages over; those that the step leaves are for the next one of its id. */
  deliver(partition: string, shard: number, pack: Pack): void
  readonly hasLeftOver: boolean
  /** What steps have left, and will not take any more because their pipeline has ended. */
  takeLeftOver(): LeftOver[]
}

export function createProgramSteps(shards: number): ProgramSteps {
  const steps = new Map<string, ExchangeStep<never>>()
  /** Steps that have left are waited for: they are being subscribed to again, or the run stops. */
  const everJoined = new Map<string, string>()
  const leftOver = new Map<string, LeftOver>()
  /** By state partition: who waits for a step that has left. */
  let waiting = new Map<string, () => void>()
  let program: number | undefined
  const clocks = createStepClocks(steps)

  /** The first one of this name that no step has: one that is subscribed to again takes its place again. */
  const freeId = (name: string): string => {
    let id = name
    for (let number = 2; steps.has(id); number++) id = `${name}#${number}`
    return id
  }

  const digest = (): number => {
    const text = Buffer.from(JSON.stringify([shards, [...everJoined].sort()]))
    return crc32(text, 0, text.length)
  }

  const wake = (): void => {
    const resumed = waiting
    waiting = new Map()
    for (const resume of resumed.values()) resume()
  }

  const deliverTo = (step: ExchangeStep<never>, pack: LeftOver): void => {
    const { messages, shard, time } = pack
    const taken = step.receive(messages as readonly never[], shard, time)
    if (taken === messages.length) return
    if (!leftOver.has(pack.step)) step.inFlight.enter()
    const left = time && sliceTime(time, taken, messages.length)
    leftOver.set(pack.step, { ...pack, messages: messages.slice(taken), time: left })
  }

  /** Hands over to a step that has joined again what its predecessor has left. */
  const deliverLeftOver = (id: string): void => {
    const pack = leftOver.get(id)
    const step = steps.get(id)
    if (pack === undefined || step === undefined) return
    deliverTo(step, pack)
    if (leftOver.get(id) !== pack) return // some is left again
    leftOver.delete(id)
    step.inFlight.leave()
  }

  const isHeld = (id: string): boolean => leftOver.has(id) || steps.get(id)?.held() !== false

  return {
    join(step) {
      const id = freeId(`${step.pipeline ?? ''}/${step.step}`)
      if (program !== undefined && !everJoined.has(id)) throw late(id, step.partition)
      steps.set(id, step)
      everJoined.set(id, step.partition)
      // When it can take something: all upstream of it is subscribed to by then.
      void Promise.resolve().then(() => {
        clocks.joined(id, step)
        deliverLeftOver(id)
        wake()
      })
      return id
    },
    leave(id, step) {
      if (steps.get(id) !== step) return
      steps.delete(id)
      clocks.left(id, step)
    },
    get: (id) => steps.get(id),
    all: () => steps.values(),
    partitions: () => [...new Set(everJoined.values())],
    begin() {
      program ??= digest()
    },
    get program() {
      return (program ??= digest())
    },
    held(partition) {
      for (const [id, own] of everJoined) if (own === partition && isHeld(id)) return true
      return false
    },
    onFree(partition, resume) {
      for (const step of steps.values()) {
        if (step.partition !== partition || !step.held()) continue
        step.onFree(resume)
        return
      }
      waiting.set(partition, resume)
    },
    open: clocks.open,
    rest: clocks.rest,
    close: clocks.close,
    takeClocks: clocks.takeClocks,
    deliver(partition, shard, { step: id, messages, time }) {
      const step = steps.get(id)
      if (step?.partition !== partition) throw differ(`a pack for the step ${shown(id)}`, partition)
      deliverTo(step, { partition, shard, step: id, messages, time })
    },
    get hasLeftOver() {
      return leftOver.size > 0
    },
    takeLeftOver() {
      const all = [...leftOver.values()]
      leftOver.clear()
      return all
    },
  }
}

export const differ = (got: string, partition: string): WallarxError =>
  new WallarxError('CLUSTER_PROGRAMS_DIFFER', {
    expected: 'workers that run the same pipelines, with the same steps and number of shards',
    got,
    where: { partition },
  })

const late = (step: string, partition: string): WallarxError =>
  new WallarxError('CLUSTER_PROGRAMS_DIFFER', {
    expected: 'all steps with a state partition to be subscribed to when the program starts, in each worker',
    got: `the step ${shown(step)}, which is subscribed to later (by concat, mergeMap, or after a promise)`,
    where: { partition },
  })
