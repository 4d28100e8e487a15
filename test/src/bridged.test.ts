import { describe, expect, test } from 'vitest'
import { createBridged, mustWait, onPassage } from '../../src/bridged.ts'
import { createHolds } from '../../src/holds.ts'

const counter = () => {
  const counted = {
    count: 0,
    entered() {
      counted.count++
    },
    left() {
      counted.count--
    },
  }
  return counted
}

describe('what a bridge has taken', () => {
  test('is counted by all around it', () => {
    const outermost = counter()
    const outer = createBridged(outermost)
    const [one, other] = [createBridged(outer), createBridged(outer)]
    one.entered()
    one.entered()
    other.entered()
    expect([outermost.count, outer.some, one.some, other.some]).toEqual([3, true, true, true])
    other.left()
    expect([outermost.count, outer.some, one.some, other.some]).toEqual([2, true, true, false])
    one.left()
    one.left()
    expect([outermost.count, outer.some, one.some]).toEqual([0, false, false])
  })

  test('must pass while the pipeline is held, and who pulls is woken for it', () => {
    const holds = createHolds()
    const behind = createBridged(counter())
    expect(mustWait(holds, behind)).toBe(false)
    const release = holds.take('the test')
    expect([mustWait(holds, behind), mustWait(holds, undefined)]).toEqual([true, true])
    let woken = 0
    onPassage(holds, behind, () => woken++)
    behind.entered()
    expect([mustWait(holds, behind), mustWait(holds, undefined), woken]).toEqual([false, true, 1])
    behind.left()
    behind.entered()
    release()
    expect(woken).toBe(1) // one wish, one call
  })

  test('wakes nobody who has taken back the wish', () => {
    const holds = createHolds()
    const behind = createBridged(counter())
    const release = holds.take('the test')
    let woken = 0
    onPassage(holds, behind, () => woken++)()
    behind.entered()
    release()
    expect(woken).toBe(0)
  })

  test('wakes who pulls when the pipeline is free', () => {
    const holds = createHolds()
    const release = holds.take('the test')
    let woken = 0
    onPassage(holds, createBridged(counter()), () => woken++)
    onPassage(holds, undefined, () => woken++)
    release()
    expect(woken).toBe(2)
  })
})
