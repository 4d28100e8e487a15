import type { JoinWithinOptions } from '../../time/join/options.ts'
import { bigintOf } from './plainTimers.ts'

/** A message of one of two sides. */
export type OfSide<Left, Right> = { readonly left: Left } | { readonly right: Right }

/** In the place of an output: a message that came too late. */
export interface LateOfSide<Left, Right> {
  readonly late: Left | Right
}

interface Taken<Message> {
  readonly message: Message
  readonly key: bigint
  readonly t: number
  met: boolean
}

/**
 * What a join gives at each message, and last, at the end, where both sides complete. Each message is kept for ever,
 * and looked at for each that comes after it.
 */
export function plainJoin<Left, Right, Out, Late>(
  events: readonly OfSide<Left, Right>[],
  options: JoinWithinOptions<Left, Right, Out, Late>,
): (Out | LateOfSide<Left, Right>)[][] {
  const { left, right, before = 0, after = 0, outOfOrder = 0, unmatched = false } = options
  const combine = options.combine as (left: Left, right: Right | undefined) => Out | undefined
  const lefts: Taken<Left>[] = []
  const rights: Taken<Right>[] = []
  const greatest = { left: -Infinity, right: -Infinity }
  let watermark = -Infinity
  const steps: (Out | LateOfSide<Left, Right>)[][] = []

  const give = (output: Out | undefined): void => {
    if (output !== undefined) steps.at(-1)!.push(output)
  }
  const tellUnmatched = (): void => {
    const alone = lefts.filter(({ met, t }) => !met && t + after < watermark)
    for (const one of byTime(alone, (one, other) => compare(one.key, other.key))) {
      one.met = true // it is told once
      if (unmatched) give(combine(one.message, undefined))
    }
  }
  const near = (one: Taken<Left>, other: Taken<Right>): boolean =>
    one.key === other.key && other.t >= one.t - before && other.t <= one.t + after

  for (const event of events) {
    steps.push([])
    const side = 'left' in event ? 'left' : 'right'
    const t = Number('left' in event ? left.at(event.left) : right.at(event.right))
    greatest[side] = Math.max(greatest[side], t)
    watermark = Math.max(watermark, Math.min(greatest.left, greatest.right) - outOfOrder)
    tellUnmatched()
    if (t < watermark) {
      steps.at(-1)!.push({ late: 'left' in event ? event.left : event.right })
    } else if ('left' in event) {
      const one = { message: event.left, key: bigintOf(left.key(event.left)), t, met: false }
      lefts.push(one)
      for (const other of byTime(rights.filter((other) => near(one, other)))) {
        one.met = true
        give(combine(one.message, other.message))
      }
    } else {
      const one = { message: event.right, key: bigintOf(right.key(event.right)), t, met: false }
      rights.push(one)
      for (const other of byTime(lefts.filter((other) => near(other, one)))) {
        other.met = true
        give(combine(other.message, one.message))
      }
    }
  }
  steps.push([])
  watermark = Infinity
  tellUnmatched()
  return steps
}

/** By time, then as `next` says, then by arrival. */
const byTime = <Message>(
  taken: readonly Taken<Message>[],
  next: (one: Taken<Message>, other: Taken<Message>) => number = () => 0,
): Taken<Message>[] => [...taken].sort((one, other) => one.t - other.t || next(one, other))

const compare = (one: bigint, other: bigint): number => (one < other ? -1 : one > other ? 1 : 0)
