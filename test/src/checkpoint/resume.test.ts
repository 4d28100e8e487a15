import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { repeat, take } from 'rxjs'
import { describe, expect, test } from 'vitest'
import {
  delimited,
  fileSink,
  fileSource,
  fixedLength,
  lengthPrefixed,
  memoryStore,
  run,
  statePartition,
  type Framing,
} from 'wallarx'
import { decode, encode, to, toSink, toStatePartition } from 'wallarx/operators'
import { never, testStore } from '../../support/durability.ts'
import { temporaryFile, temporaryFolder } from '../../support/files.ts'
import { collect } from '../../support/pipelines.ts'
import { line, lines, runToEnd, text, turn } from './counting.ts'

describe('a file source that ends in the middle of a chunk', () => {
  const framings: readonly (readonly [name: string, framing: Framing, framed: (payload: string) => string])[] = [
    ['a newline', lines, (payload) => `${payload}\n`],
    ['a delimiter of two bytes', delimited('ab'), (payload) => `${payload}ab`],
    ['a length', lengthPrefixed(1), (payload) => String.fromCharCode(payload.length) + payload],
    ['a fixed length', fixedLength(3), (payload) => payload.padEnd(3).slice(0, 3)],
  ]
  const payload = fc.string({ unit: fc.constantFrom('x', 'y', 'a'), maxLength: 9 })

  test.each(framings)('by take(n) goes on with the next frame: %s', async (_, framing, framed) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(payload, { minLength: 1, maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 10 }), { maxLength: 5 }),
        fc.integer({ min: 65_400, max: 65_550 }),
        fc.boolean(),
        async (payloads, takes, filler, far) => {
          // Far: around the end of a chunk of 64 KiB.
          const before = far ? Array.from({ length: Math.ceil(filler / framed('xxx').length) }, () => 'xxx') : []
          const all = [...before, ...payloads].map(framed)
          const path = temporaryFile(all.join(''))
          const store = memoryStore()
          const sink = collect<string>()
          for (const wanted of [...(far ? [before.length - 3] : []), ...takes, Infinity]) {
            const source = fileSource({ path, framing })
            const some = (far ? source.pipe(decode(text), take(wanted)) : source.pipe(take(wanted), decode(text))).pipe(
              to(framed),
              toSink(sink),
            )
            await runToEnd({ store, checkpointInterval: never, pipelines: { some } })
          }
          expect(sink.messages).toEqual(all)
        },
      ),
      { numRuns: 40 },
    )
  })

  test.each([
    ['a newline', lines, 'one\ntwo\nmuch too long\nlast\n'],
    ['a length', lengthPrefixed(1), '\x03one\x03two\x0dmuch too long\x04last'],
  ])('because a frame is too long stands before that frame: %s', async (_, framing, content) => {
    for (const before of ['', 'x'.repeat(9)]) {
      // With many frames before, so that the long one lies across the end of a chunk.
      const count = before === '' ? 0 : 6553
      const some = content.slice(0, 4).replace('one', before)
      const header = framing === lines ? some : String.fromCharCode(before.length) + before
      const path = temporaryFile(header.repeat(count) + content)
      const store = testStore(memoryStore())
      const start = (maxFrameLength: number) => {
        const sink = collect<string>()
        const pipeline = fileSource({ path, framing, maxFrameLength, name: 'input' }).pipe(decode(text), toSink(sink))
        return runToEnd({ store, pipelines: { pipeline } }).then(() => sink.messages)
      }
      expect(await start(9)).toEqual([...Array<string>(count).fill(before), 'one', 'two'])
      expect(store.position('pipeline', 'source', 'input')).toBe(header.length * count + 8)
      expect(await start(9)).toEqual([])
      expect(await start(13)).toEqual(['much too long', 'last'])
      expect(store.position('pipeline', 'source', 'input')).toBe(header.length * count + content.length)
    }
  })

  test('because the file ends inside a frame stands before that frame, and has it once it is whole', async () => {
    const path = temporaryFile('one\ntw')
    const store = memoryStore()
    const sink = collect<string>()
    const start = () =>
      runToEnd({ store, pipelines: { some: fileSource({ path, framing: lines }).pipe(decode(text), toSink(sink)) } })
    await start()
    appendFileSync(path, 'o\nthree\n')
    await start()
    expect(sink.messages).toEqual(['one', 'two', 'three'])
  })

  test('and is read again by repeat() is where the last reading is', async () => {
    const path = temporaryFile('one\ntwo\nthree\n')
    const store = testStore(memoryStore())
    const sink = collect<string>()
    const some = fileSource({ path, framing: lines, name: 'input' }).pipe(
      take(2),
      repeat(3),
      decode(text),
      toSink(sink),
    )
    await runToEnd({ store, pipelines: { some } })
    expect(sink.messages).toEqual(['one', 'two', 'one', 'two', 'one', 'two'])
    expect(store.position('some', 'source', 'input')).toBe(8)
  })
})

describe('a file source', () => {
  const framings: [string, Framing, (payload: Buffer) => Buffer][] = [
    ['delimited', delimited('\n'), (payload) => Buffer.concat([payload, Buffer.from('\n')])],
    [
      'length-prefixed',
      lengthPrefixed(4),
      (payload) => {
        const header = Buffer.alloc(4)
        header.writeUInt32BE(payload.length)
        return Buffer.concat([header, payload])
      },
    ],
    [
      'of fixed length',
      fixedLength(50_000),
      (payload) => Buffer.concat([payload, Buffer.alloc(50_000)]).subarray(0, 50_000),
    ],
  ]
  test.each(framings)(
    'goes on behind the last frame that counts wherever a crash comes, with frames that span chunks: %s',
    async (_, framing, framed) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.nat({ max: 150_000 }), { minLength: 1, maxLength: 12 }),
          fc.array(fc.nat({ max: 12 }), { maxLength: 4 }),
          async (lengths, crashes) => {
            const payloads = lengths.map((length, at) => Buffer.from(`${at} `.padEnd(length, '.')))
            const input = temporaryFile(Buffer.concat(payloads.map(framed)))
            const output = join(temporaryFolder(), 'out')
            const store = testStore(memoryStore())
            const seen = statePartition('seen', { key: () => 0, build: () => ({ frames: 0 }) })
            for (const crashAt of [...crashes, undefined]) {
              let frames = 0
              const pipeline = fileSource({ path: input, framing, name: 'input' }).pipe(
                to(
                  async (bytes: Buffer) => {
                    const name = Buffer.from(bytes.subarray(0, 20)).toString().split(' ')[0]!
                    if (frames++ === crashAt) store.crash()
                    for (let turns = 0; turns < 3; turns++) await turn() // so that checkpoints come in between
                    return name
                  },
                  { concurrency: 1 },
                ),
                toStatePartition((name: string, state) => [`${name} ${state.frames++}`, true], seen),
                encode(line),
                toSink(fileSink({ path: output, name: 'output' })),
              )
              const options = { handleSignals: false, log: false as const, checkpointInterval: 1 }
              const app = await run({ name: 'test', pipelines: { pipeline }, store, ...options })
              await app.closed.catch((error: unknown) => {
                expect(error).toMatchObject({ code: 'CHECKPOINT_FAILED' })
              })
              store.mend()
            }
            expect(readFileSync(output, 'utf8')).toBe(payloads.map((_, at) => `${at} ${at}\n`).join(''))
          },
        ),
        { numRuns: 15 },
      )
    },
  )
})
