import fc from 'fast-check'
import type { Event, ModelWindow } from './model.ts'

/** How often a property is tried: `WALLARX_TIME=10000` for a night. */
export const runs = Number(process.env.WALLARX_TIME ?? 200)

/** Messages of few keys, origins and times, so that windows are shared, and some origins end. */
export const events = (max = 40): fc.Arbitrary<Event[]> =>
  fc
    .array(
      fc.oneof(
        {
          weight: 12,
          arbitrary: fc.record({
            key: fc.integer({ min: 1, max: 3 }),
            step: fc.oneof({ weight: 9, arbitrary: fc.nat(6) }, { weight: 1, arbitrary: fc.constantFrom(10, 60) }),
            back: fc.oneof(fc.constant(0), fc.nat(20)),
            part: fc.constantFrom(0, 0, 0, 0, 0.5),
            origin: fc.constantFrom(undefined, undefined, 'x', 'y'),
            side: fc.constantFrom('left' as const, 'right' as const),
          }),
        },
        { weight: 1, arbitrary: fc.record({ end: fc.constantFrom('x', 'y') }) },
      ),
      { maxLength: max, size: 'max' },
    )
    .map((steps) => {
      let at = -20
      return steps.map((step, n): Event => {
        if ('end' in step) return step
        at += step.step
        const { key, origin, side, part, back } = step
        return { key, t: at - back + part, v: `m${n}`, side, ...(origin !== undefined && { origin }) }
      })
    })

export const gridWindows: fc.Arbitrary<ModelWindow> = fc
  .tuple(fc.integer({ min: 1, max: 20 }), fc.nat(19), fc.integer({ min: -25, max: 25 }))
  .map(([size, shorter, offset]) =>
    shorter >= size || shorter === 0
      ? { kind: 'tumbling', size, offset }
      : { kind: 'sliding', size, every: size - shorter, offset },
  )

export const sessionWindows: fc.Arbitrary<ModelWindow> = fc
  .integer({ min: 1, max: 12 })
  .map((gap) => ({ kind: 'session', gap }))

export const outOfOrder = fc.constantFrom(0, 0, 3, 10, 30)
export const lateness = fc.constantFrom(0, 0, 1, 7, 25)
export const restarts = fc.array(fc.nat(40), { maxLength: 5 }).map((at) => new Set(at))
