import { describe, expect, test } from 'vitest'
import { createBridgeInFlight } from '../../../src/context/inFlight.ts'
import { createHolds, isBlocked, whenUnblocked } from '../../../src/context/backPressure.ts'

const counter = () => {
  const counted = {
    count: 0,
    enter() {
      counted.count++
    },
    leave() {
      counted.count--
    },
  }
  return counted
}

describe('what a bridge has taken', () => {
  test('is counted by all around it', () => {
    const outermost = counter()
    const outer = createBridgeInFlight(outermost)
    const [one, other] = [createBridgeInFlight(outer), createBridgeInFlight(outer)]
    one.enter()
    one.enter()
    other.enter()
    expect([outermost.count, outer.any, one.any, other.any]).toEqual([3, true, true, true])
    other.leave()
    expect([outermost.count, outer.any, one.any, other.any]).toEqual([2, true, true, false])
    one.leave()
    one.leave()
    expect([outermost.count, outer.any, one.any]).toEqual([0, false, false])
  })

  test('must pass while the pipeline is held, and who pulls is woken for it', () => {
    const holds = createHolds()
    const behind = createBridgeInFlight(counter())
    expect(isBlocked(holds, behind)).toBe(false)
    const release = holds.take('the test')
    expect([isBlocked(holds, behind), isBlocked(holds, undefined)]).toEqual([true, true])
    let woken = 0
    whenUnblocked(holds, behind, () => woken++)
    behind.enter()
    expect([isBlocked(holds, behind), isBlocked(holds, undefined), woken]).toEqual([false, true, 1])
    behind.leave()
    behind.enter()
    release()
    expect(woken).toBe(1) // one wish, one call
  })

  test('wakes nobody who has taken back the wish', () => {
    const holds = createHolds()
    const behind = createBridgeInFlight(counter())
    const release = holds.take('the test')
    let woken = 0
    whenUnblocked(holds, behind, () => woken++)()
    behind.enter()
    release()
    expect(woken).toBe(0)
  })

  test('wakes who pulls when the pipeline is free', () => {
    const holds = createHolds()
    const release = holds.take('the test')
    let woken = 0
    whenUnblocked(holds, createBridgeInFlight(counter()), () => woken++)
    whenUnblocked(holds, undefined, () => woken++)
    release()
    expect(woken).toBe(2)
  })
})
