import { createQueue, type Queue } from '../../base/queue.ts'
import type { Delayed } from '../../context/time/delayClock.ts'

/** Entities at work, by their slots, and the messages that wait for each, in order. */
export interface Waiting<In> {
  /** No entity is at work. */
  readonly isEmpty: boolean
  has(slot: number): boolean
  /** The entity is at work; nothing waits for it yet. */
  add(slot: number): void
  push(slot: number, message: In, delayed: Delayed | undefined): void
  /** When what `shift` gives next was handed over by its source; 0 where that is not known. Asked once, before it. */
  origin(slot: number): number
  /** What the message that `shift` gives next was pushed with. Asked once, before it. */
  delayed(slot: number): Delayed | undefined
  shift(slot: number): In
  /** Nothing waits for the entity: then it is not at work any more. Otherwise `false`. */
  end(slot: number): boolean
  clear(): void
}

/** `times` says where what is pushed comes from. Without it nothing is kept of that. */
export function createWaiting<In>(times: { readonly origin: number } | undefined): Waiting<In> {
  const messages = new Map<number, Queue<In>>()
  const origins = new Map<number, Queue<number>>()
  const delays = new Map<number, Queue<Delayed | undefined>>()
  return {
    get isEmpty() {
      return messages.size === 0
    },
    has: (slot) => messages.has(slot),
    add(slot) {
      messages.set(slot, createQueue())
    },
    push(slot, message, delayed) {
      messages.get(slot)!.push(message)
      if (delayed !== undefined && !delays.has(slot)) delays.set(slot, unknownOf(messages.get(slot)!.size - 1))
      delays.get(slot)?.push(delayed)
      if (times === undefined) return
      if (!origins.has(slot)) origins.set(slot, createQueue())
      origins.get(slot)!.push(times.origin)
    },
    origin: (slot) => origins.get(slot)?.shift() ?? 0,
    delayed: (slot) => delays.get(slot)?.shift(),
    shift: (slot) => messages.get(slot)!.shift()!,
    end(slot) {
      if (messages.get(slot)!.size > 0) return false
      messages.delete(slot)
      origins.delete(slot)
      delays.delete(slot)
      return true
    },
    clear() {
      messages.clear()
      origins.clear()
      delays.clear()
    },
  }
}

/** Of messages that came before anybody asked what time it is. */
function unknownOf(count: number): Queue<undefined | Delayed> {
  const delays = createQueue<undefined | Delayed>()
  for (let left = count; left > 0; left--) delays.push(undefined)
  return delays
}
