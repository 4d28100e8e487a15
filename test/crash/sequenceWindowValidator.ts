/** What an output may be after a crash: each once, or also a second time after the stream was cut. */
export type Delivery = 'exactly once' | 'at least once'

/** What is wrong with a window. */
export interface WindowFault {
  /** A sentence. */
  readonly what: string
  /** Numbers that are missing in the state; 0 where that cannot be told. */
  readonly lost: number
  /** Numbers that were counted, or windows that came, once too often. */
  readonly duplicated: number
}

/** Looks at the outputs of the sequence window program, one after the other. */
export interface SequenceWindowValidator {
  /** Says what is wrong with the next window; `undefined`: nothing. */
  next(window: string): WindowFault | undefined
  /** The program was killed: with `'at least once'`, each parity may go back once from here, to an earlier window. */
  interrupted(): void
  /** Says what is missing when no more windows come and the numbers went up to `last`. */
  end(last: number): string | undefined
  /** The highest number that was in a window. */
  readonly highest: number
  /** Windows that came again, as at least once allows. */
  readonly repeated: number
}

export const windowSize = 4

/**
 * Wallaroo's error detector. The numbers 1, 2, 3 … go in, the even and the odd ones have a state each, the last four
 * numbers, and every number puts its state out. So each output foretells the next of its parity, and whatever goes
 * wrong with a state shows: a lost number as a step of more than 2, one counted twice as a step of less, a state that
 * was lost as zeros in the place of numbers, one that is too old as a window that goes back.
 *
 * The rules for a window: four whole numbers; no zero after a number; all numbers of one parity; the numbers go up by
 * 2, and the first of them stands next to zeros only when it is 1 or 2. For a window after another of its parity: it is
 * that one moved by one number. At the end: the highest number is the last one, and that of the other parity is the one
 * before it.
 *
 * With `'at least once'` a window may also be any earlier one of its parity, once for each interruption; those after it
 * advance one by one again. A window that goes ahead is wrong always.
 */
export function createSequenceWindowValidator(delivery: Delivery): SequenceWindowValidator {
  const latest: [number, number] = [0, -1] // the last number of the latest window of the even and of the odd ones
  const highest: [number, number] = [0, -1]
  const mayGoBack: [boolean, boolean] = [false, false]
  let repeated = 0

  return {
    next(text) {
      const window = numbersIn(text)
      if (window === undefined) return fault(`${JSON.stringify(text)} is no window of ${windowSize} whole numbers`)
      const wrong = wrongWithin(window)
      if (wrong !== undefined) return { ...wrong, what: `${text}: ${wrong.what}` }
      const last = window.at(-1)!
      const parity = last % 2 === 0 ? 0 : 1
      const before = latest[parity]
      const isBack = last <= before
      if (isBack && !mayGoBack[parity]) {
        return fault(`${text}: ${before} was there before, and nothing allows to go back`, 0, 1)
      }
      if (!isBack && last !== before + 2) {
        const skipped = (last - before) / 2 - 1
        return fault(`${text}: it follows ${before} and skips ${skipped}`, skipped)
      }
      mayGoBack[parity] = false
      latest[parity] = last
      if (last > highest[parity]) highest[parity] = last
      else repeated++
      return undefined
    },
    interrupted() {
      if (delivery === 'at least once') mayGoBack[0] = mayGoBack[1] = true
    },
    end(last) {
      for (const expected of [last, last - 1]) {
        const found = highest[expected % 2 === 0 ? 0 : 1]
        if (expected > 0 && found !== expected) return `the last window ends with ${found}, not with ${expected}`
      }
      for (const parity of [0, 1] as const) {
        if (latest[parity] !== highest[parity]) {
          return `the windows went back to ${latest[parity]} and did not come to ${highest[parity]} again`
        }
      }
      return undefined
    },
    get highest() {
      return Math.max(...highest)
    },
    get repeated() {
      return repeated
    },
  }
}

const form = /^\[(\d+),(\d+),(\d+),(\d+)\]$/

function numbersIn(text: string): number[] | undefined {
  const numbers = form.exec(text)?.slice(1).map(Number)
  return numbers?.every(Number.isSafeInteger) === true ? numbers : undefined
}

const fault = (what: string, lost = 0, duplicated = 0): WindowFault => ({ what, lost, duplicated })

/** What is wrong with a window, whatever came before it. */
function wrongWithin(window: readonly number[]): WindowFault | undefined {
  const first = window.findIndex((number) => number !== 0)
  if (first === -1) return fault('nothing but zeros')
  const numbers = window.slice(first)
  if (numbers.includes(0)) return fault('a zero after a number')
  if (numbers.some((number) => number % 2 !== numbers[0]! % 2)) return fault('even and odd numbers')
  for (let at = 1; at < numbers.length; at++) {
    const step = numbers[at]! - numbers[at - 1]!
    const what = `a step of ${step} from ${numbers[at - 1]!} to ${numbers[at]!}`
    if (step > 2) return fault(what, step / 2 - 1)
    if (step < 2) return fault(what, 0, 1)
  }
  if (first === 0 || numbers[0]! <= 2) return undefined
  return fault(`zeros before ${numbers[0]!}, where a number was`, Math.ceil(numbers[0]! / 2) - 1)
}
