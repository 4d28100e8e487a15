import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createJournalBatch } from '../../../src/journal/batch.ts'
import { isRecordIntact, recordHeaderLength, seedChecksum, uint32At } from '../../../src/journal/segment.ts'

const sources = [
  Buffer.alloc(700, 'a source of its own '),
  Buffer.alloc(800, 'another one ').subarray(1),
  Buffer.of(0xff),
]

/** A frame anywhere in one of the sources. */
const frames = fc
  .tuple(fc.constantFrom(...sources), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(300))
  .map(([source, place, length]) => {
    const fitting = Math.min(length, source.length)
    const start = Math.floor(place * (source.length - fitting))
    return { source, start, end: start + fitting }
  })

test('a batch has in it what was added, with the right checksums, whatever frames lie in one buffer', () => {
  const seeded = seedChecksum(0x01020304)
  fc.assert(
    fc.property(fc.array(fc.array(frames, { maxLength: 20, size: 'max' }), { maxLength: 5 }), (batches) => {
      const batch = createJournalBatch(seeded, 1000)
      let position = 0
      const kept: { bytes: Buffer; expected: Buffer }[] = []
      for (const added of batches) {
        for (const { source, start, end } of added) batch.add(source, start, end)
        const length = added.reduce((sum, { start, end }) => sum + recordHeaderLength + end - start, 0)
        expect([batch.count, batch.length]).toEqual([added.length, length])
        const records = batch.take(position)
        let nth = 0
        records.forEach((bytes, start, end, positionAfter) => {
          const at = start - recordHeaderLength
          expect(uint32At(bytes, at)).toBe(end - start)
          expect(isRecordIntact(bytes, at, end - start, seeded)).toBe(true)
          const { source, start: from, end: to } = added[nth++]!
          kept.push({ bytes: bytes.subarray(start, end), expected: source.subarray(from, to) })
          position += recordHeaderLength + to - from
          expect(positionAfter).toBe(position)
        })
        expect(nth).toBe(added.length)
        expect(records.positionAfter).toBe(position)
      }
      for (const { bytes, expected } of kept) expect(bytes.equals(expected)).toBe(true)
    }),
  )
})
