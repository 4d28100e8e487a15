import fc from 'fast-check'
import { take, toArray, type Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { currentContext, within, type Context } from '../../../src/context/context.ts'
import { run } from '../../../src/index.ts'
import { standaloneContext } from '../../../src/context/standalone.ts'
import { takeUnhandledErrors } from '../../support/unhandledErrors.ts'
import { gather } from '../../operators/gather.ts'
import { turn } from '../../operators/asynchronousSteps.ts'

/** What stands behind a source: it gives items when it is asked, and sees its end. */
export interface Producer {
  /** One more item, `undefined` at the end; may throw or never settle. */
  next(): Promise<Item | undefined>
  /** Called when nobody wants more. */
  released(): void
}

export interface Item {
  readonly number: number
}

interface PulledSourceForm {
  readonly make: (producer: Producer) => Observable<Item>
  /** Items that what is between the source and the producer asks for in advance. */
  readonly ahead: number
}

/** A producer of so many items that counts what it is asked for and how often it is released. */
function counting(count: number): Producer & { asked: number; releases: number } {
  const producer = {
    asked: 0,
    releases: 0,
    next: () => Promise.resolve(producer.asked < count ? { number: producer.asked++ } : undefined),
    released() {
      producer.releases++
    },
  }
  return producer
}

const numbersOf = (items: readonly Item[]): number[] => items.map(({ number }) => number)
const upTo = (count: number): number[] => [...Array(count).keys()]
const never = new Promise<never>(() => undefined)

async function settle(turns = 10): Promise<void> {
  for (let at = 0; at < turns; at++) await turn()
}

/** What every source owes that asks for one item after the other. */
export function pulledSources(name: string, { make, ahead }: PulledSourceForm): void {
  describe(name, () => {
    test('hands over every item in order, then completes', async () => {
      for (const count of [0, 1, 100]) {
        const { messages, error } = await gather(make(counting(count)))
        expect(numbersOf(messages)).toEqual(upTo(count))
        expect(error).toBeUndefined()
      }
    })

    test('asks for nothing before it is subscribed to', async () => {
      const producer = counting(3)
      const source = make(producer)
      await settle()
      expect(producer.asked).toBeLessThanOrEqual(ahead)
      expect(numbersOf((await gather(source)).messages)).toEqual(upTo(3))
    })

    test('asks for one item at most while the pipeline is held, and loses none of them', async () => {
      const producer = counting(100)
      const context = standaloneContext()
      const release = context.backPressure.holds.take('the test')
      const end = within(context, () => gather(make(producer).pipe(toArray())))
      await settle()
      expect(producer.asked).toBeLessThanOrEqual(1 + ahead)
      release()
      const { messages } = await end
      expect(numbersOf(messages[0]!)).toEqual(upTo(100))
    })

    test('hands over each item once and in order, whenever it is held, and none while it is', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 20 }), async (holdFor) => {
          const context = standaloneContext()
          const heldAt: number[] = []
          const seen: number[] = []
          await within(
            context,
            () =>
              new Promise<void>((resolve) => {
                make(counting(20)).subscribe({
                  next({ number }) {
                    if (context.backPressure.holds.held) heldAt.push(number)
                    seen.push(number)
                    const turns = holdFor[number] ?? 0
                    if (turns === 0) return
                    const release = context.backPressure.holds.take('the test')
                    void settle(turns).then(release)
                  },
                  complete: resolve,
                })
              }),
          )
          expect(seen).toEqual(upTo(20))
          expect(heldAt).toEqual([])
        }),
        { numRuns: 30 },
      )
    })

    test('asks for no more than what is taken, and lets go of its producer', async () => {
      const producer = counting(1000)
      const { messages } = await gather(make(producer).pipe(take(3)))
      expect(numbersOf(messages)).toEqual([0, 1, 2])
      await settle()
      expect(producer.asked).toBeLessThanOrEqual(3 + ahead)
      expect(producer.releases).toBe(1)
    })

    test('lets go of its producer when it is unsubscribed from while it waits for an item', async () => {
      const producer = { ...counting(0), releases: 0, next: () => never }
      producer.released = () => {
        producer.releases++
      }
      const seen: unknown[] = []
      const subscription = make(producer).subscribe({
        next: (item) => seen.push(item),
        error: (error: unknown) => seen.push(error),
        complete: () => seen.push('complete'),
      })
      await settle()
      subscription.unsubscribe()
      subscription.unsubscribe()
      await settle()
      expect(producer.releases).toBe(1)
      expect(seen).toEqual([])
    })

    test('lets go of its producer when it is unsubscribed from while it is held', async () => {
      const producer = counting(10)
      const context = standaloneContext()
      const release = context.backPressure.holds.take('the test')
      const seen: unknown[] = []
      const subscription = within(context, () => make(producer).subscribe((item) => seen.push(item)))
      await settle()
      subscription.unsubscribe()
      await settle()
      expect(producer.releases).toBe(1)
      release()
      await settle()
      expect(seen).toEqual([])
    })

    test('passes the error of its producer once, after the items before it', async () => {
      const producer = counting(10)
      const cause = new Error('the producer')
      const { next } = producer
      producer.next = () => (producer.asked === 3 ? Promise.reject(cause) : next())
      const seen: unknown[] = []
      await new Promise<void>((resolve) => {
        make(producer).subscribe({
          next: ({ number }) => seen.push(number),
          error(error: unknown) {
            seen.push(error)
            resolve()
          },
          complete: () => seen.push('complete'),
        })
      })
      await settle()
      expect(seen.at(-1)).toBe(cause)
      // A Node stream drops what it has read ahead when it fails.
      expect(seen.slice(0, -1)).toEqual(ahead === 0 ? [0, 1, 2] : upTo(seen.length - 1))
      expect(await takeUnhandledErrors()).toEqual([])
    })

    test('hands over inside the context, also after a hold that was released outside', async () => {
      const context = standaloneContext()
      const seen = new Set<Context | undefined>()
      const release = context.backPressure.holds.take('the test')
      const end = within(context, () => {
        const source = make(counting(3))
        return new Promise<void>((resolve) => {
          source.subscribe({ next: () => seen.add(currentContext()), complete: resolve })
        })
      })
      await settle()
      release()
      await end
      expect([...seen]).toEqual([context])
    })

    test('completes when its run stops, without the item that it waits for', async () => {
      const producer = { ...counting(0), releases: 0, next: () => never }
      producer.released = () => {
        producer.releases++
      }
      const app = await run({ name: 'Waiting', pipelines: { waiting: make(producer) }, log: false })
      expect(app.status().pipelines.waiting!.sources).toHaveLength(1)
      await app.close()
      await settle()
      expect(producer.releases).toBe(1)
      expect(app.status().pipelines.waiting).toMatchObject({ lifecycle: 'completed', sources: [] })
    })
  })
}
