import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createHolds } from '../../../src/context/backPressure.ts'

describe('holds', () => {
  test('are counted, and listed by name with the time they were taken', () => {
    const holds = createHolds()
    const before = Date.now()
    expect(holds.held).toBe(false)
    const releaseSink = holds.take('sink')
    const releaseStep = holds.take('step')
    const releaseOther = holds.take('sink')
    expect(holds.list().map(({ name }) => name)).toEqual(['sink', 'step', 'sink'])
    for (const { since } of holds.list()) {
      expect(since).toBeGreaterThanOrEqual(before)
      expect(since).toBeLessThanOrEqual(Date.now())
    }
    releaseSink()
    releaseOther()
    expect(holds.list().map(({ name }) => name)).toEqual(['step'])
    expect(holds.held).toBe(true)
    releaseStep()
    expect(holds.held).toBe(false)
  })

  test('are released once: a second release takes nothing from others', () => {
    const holds = createHolds()
    const release = holds.take('one')
    holds.take('other')
    let resumed = 0
    holds.onFree(() => resumed++)
    release()
    release()
    expect(holds.held).toBe(true)
    expect(resumed).toBe(0)
  })

  test('resume nobody at once, not even where there is no hold', () => {
    const holds = createHolds()
    let resumed = 0
    holds.onFree(() => resumed++)
    expect(resumed).toBe(0)
    holds.take('one')()
    expect(resumed).toBe(1)
    holds.take('one')()
    expect(resumed).toBe(1)
  })

  test('resume nobody who has taken back the wish', () => {
    const holds = createHolds()
    const release = holds.take('one')
    const resumed: string[] = []
    const forget = holds.onFree(() => resumed.push('first'))
    holds.onFree(() => resumed.push('second'))
    forget()
    release()
    forget()
    expect(resumed).toEqual(['second'])
  })

  test('resume first who came first, and let the others wait on while one of them leads to a new hold', () => {
    const holds = createHolds()
    const release = holds.take('one')
    const resumed: number[] = []
    let releaseNew: (() => void) | undefined
    holds.onFree(() => resumed.push(1))
    holds.onFree(() => {
      resumed.push(2)
      releaseNew = holds.take('new')
    })
    holds.onFree(() => resumed.push(3))
    holds.onFree(() => resumed.push(4))
    release()
    expect(resumed).toEqual([1, 2])
    releaseNew!()
    expect(resumed).toEqual([1, 2, 3, 4])
  })

  test('that are taken and released while others are resumed keep nobody waiting', () => {
    const holds = createHolds()
    const release = holds.take('one')
    const resumed: number[] = []
    holds.onFree(() => {
      resumed.push(1)
      holds.take('short')()
    })
    holds.onFree(() => resumed.push(2))
    release()
    expect(resumed).toEqual([1, 2])
  })

  test('resume the others also after one that throws', () => {
    const holds = createHolds()
    const release = holds.take('one')
    let resumed = 0
    holds.onFree(() => {
      throw new Error('a listener')
    })
    holds.onFree(() => resumed++)
    expect(release).toThrow('a listener')
    holds.take('again')()
    expect(resumed).toBe(1)
  })

  type Command =
    | { readonly do: 'take' | 'nothing' }
    | { readonly do: 'release' | 'forget'; readonly which: number }
    | { readonly do: 'wait'; readonly then: readonly Command[] }

  const { command } = fc.letrec<{ command: Command }>((tie) => ({
    command: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.record({ do: fc.constant('take' as const) }),
      fc.record({ do: fc.constantFrom('release' as const, 'forget' as const), which: fc.nat(20) }),
      fc.record({ do: fc.constant('wait' as const), then: fc.array(tie('command'), { maxLength: 3 }) }),
    ),
  }))

  test('wake everybody up, once, in order of arrival and only when no hold is left, in any program', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (program) => {
        const holds = createHolds()
        const releases: (() => void)[] = []
        const released = new Set<number>()
        const waiting: { readonly id: number; readonly forget: () => void }[] = []
        let ids = 0
        let registering = false

        const execute = (step: Command): void => {
          if (step.do === 'take') {
            releases.push(holds.take(String(releases.length)))
          } else if (step.do === 'release' && releases.length > 0) {
            const which = step.which % releases.length
            released.add(which)
            releases[which]!()
          } else if (step.do === 'forget' && waiting.length > 0) {
            const [forgotten] = waiting.splice(step.which % waiting.length, 1)
            forgotten!.forget()
          } else if (step.do === 'wait') {
            const id = ids++
            registering = true
            const forget = holds.onFree(() => {
              expect(registering).toBe(false)
              expect(holds.held).toBe(false)
              expect(waiting.shift()?.id).toBe(id) // who waits longest, once, and not forgotten
              step.then.forEach(execute)
            })
            registering = false
            waiting.push({ id, forget })
          }
        }

        for (const step of program) {
          const before = holds.held
          execute(step)
          const left = releases.map((_, which) => which).filter((which) => !released.has(which))
          expect(holds.list().map(({ name }) => Number(name))).toEqual(left)
          expect(holds.held).toBe(holds.list().length > 0)
          if (before && !holds.held) expect(waiting).toEqual([])
        }
      }),
      { numRuns: 500 },
    )
  })
})
