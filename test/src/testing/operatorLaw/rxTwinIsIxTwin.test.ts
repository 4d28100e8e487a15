import fc from 'fast-check'
import { from, concatMap, map, scan } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { rxTwinIsIxTwin } from 'wallarx/testing'

describe('the law of the twins', () => {
  const input = fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 8 })
  const rx = () => scan((sum: number, n: number) => sum + n, 0)

  async function* summed(source: AsyncIterable<number>): AsyncGenerator<number> {
    let sum = 0
    for await (const n of source) yield (sum += n)
  }

  test('holds for twins', () => rxTwinIsIxTwin(rx, () => summed, { input }))

  test('finds an output that is another', async () => {
    async function* product(source: AsyncIterable<number>): AsyncGenerator<number> {
      let sum = 0
      for await (const n of source) yield (sum = n === 3 ? 0 : sum + n)
    }
    await expect(rxTwinIsIxTwin(rx, () => product, { input })).rejects.toThrow(/outputs\[0\]: 0 in place of 3/)
  })

  test('finds an Ix twin that loses the last one', async () => {
    async function* late(source: AsyncIterable<number>): AsyncGenerator<number> {
      let last: number | undefined
      for await (const n of source) {
        if (last !== undefined) yield last
        last = n
      }
    }
    await expect(
      rxTwinIsIxTwin(
        () => map((n: number) => n),
        () => late,
        { input },
      ),
    ).rejects.toThrow('nothing in place of')
  })

  test('compares errors by what they are', async () => {
    const failing = (Kind: ErrorConstructor) => (n: number) => {
      if (n < 0) throw new Kind('negative')
      return n
    }
    async function* checked(source: AsyncIterable<number>): AsyncGenerator<number> {
      for await (const n of source) yield failing(RangeError)(n)
    }
    await rxTwinIsIxTwin(
      () => map(failing(RangeError)),
      () => checked,
      { input },
    )
    await expect(
      rxTwinIsIxTwin(
        () => map(failing(TypeError)),
        () => checked,
        { input },
      ),
    ).rejects.toMatchObject({
      code: 'LAW_BROKEN',
    })
  })

  test('what is asynchronous in either is waited for', () =>
    rxTwinIsIxTwin(
      () => concatMap((n: number) => from(Promise.resolve(n))),
      () => (source) => source,
      { input },
    ))
})
