import { describe, expect, test } from 'vitest'
import { lastValueFrom, toArray } from 'rxjs'
import * as v from 'valibot'
import { fromAsyncIterable, json, msgpack, observerSink, run, type DeadLetter, type StandardSchema } from 'wallarx'
import { decode, toSink } from 'wallarx/operators'
import { z } from 'zod'

const inZod = z.object({ id: z.number(), items: z.array(z.object({ name: z.string() })) })
const inValibot = v.object({ id: v.number(), items: v.array(v.object({ name: v.string() })) })
const right = { id: 7, items: [{ name: 'rope' }] }
const wrong = { id: 7, items: [{ name: 'rope' }, { name: 8 }] }

const packed = (value: unknown): Buffer => msgpack().encode(value)
const frameOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

function failureOf(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}

describe.each([
  ['zod', inZod],
  ['valibot', inValibot],
])('a schema of %s', (_, schema: StandardSchema<typeof right>) => {
  const codecs = [
    { name: 'json', codec: json({ validate: schema }), encode: frameOf },
    { name: 'msgpack', codec: msgpack({ validate: schema }), encode: packed },
  ]
  test.each(codecs)('lets pass for $name what fits, and says where another does not', ({ codec, encode }) => {
    expect(codec.decode(encode(right))).toEqual(right)
    const error = failureOf(() => codec.decode(encode(wrong)))
    expect(error).toMatchObject({ code: 'DECODE_FAILED', kind: 'bad input', where: { path: '$.items[1].name' } })
    expect((error as Error).message).toMatch(/at \$\.items\[1\]\.name/)
  })
})

test('the message is what the schema makes of it', () => {
  const codec = json({ validate: z.object({ at: z.coerce.date(), n: z.string().transform(Number) }) })
  expect(codec.decode(frameOf({ at: '2026-03-01', n: '7' }))).toEqual({ at: new Date('2026-03-01'), n: 7 })
})

test('the rest of what is wrong is counted; a name that is none of a property stands in quotes', () => {
  const codec = json({ validate: z.object({ 'a b': z.string(), c: z.string(), d: z.string() }) })
  expect(failureOf(() => codec.decode(frameOf({})))).toMatchObject({
    where: { path: '$["a b"]' },
    got: expect.stringMatching(/ at \$\["a b"\], and 2 more that do not fit$/) as string,
  })
  expect(failureOf(() => json({ validate: z.string() }).decode(frameOf(1)))).toMatchObject({ where: { path: '$' } })
})

test('a message that does not fit is a dead letter, with step and path, and the next one passes', async () => {
  const letters: DeadLetter[] = []
  const seen: unknown[] = []
  const app = await run({
    name: 'Orders',
    pipelines: {
      orders: fromAsyncIterable([frameOf(wrong), Buffer.from('{'), frameOf(right)]).pipe(
        decode(json({ validate: inZod })),
        toSink(observerSink({ next: (message: unknown) => seen.push(message) })),
      ),
    },
    deadLetters: (letter) => letters.push(letter),
    log: false,
  })
  await app.closed
  expect(seen).toEqual([right])
  expect(letters.map(({ error }) => error.code)).toEqual(['DECODE_FAILED', 'DECODE_FAILED'])
  expect(letters[0]!.error.where).toEqual({ pipeline: 'orders', step: 'json', path: '$.items[1].name' })
  expect(letters[1]!.error.cause).toBeInstanceOf(SyntaxError)
})

describe('an asynchronous schema', () => {
  const schemas: [string, StandardSchema<unknown>][] = [
    ['zod', z.string().refine(() => Promise.resolve(true))],
    [
      'valibot',
      v.pipeAsync(
        v.string(),
        v.checkAsync(() => Promise.resolve(true)),
      ),
    ],
    [
      'its own, that rejects',
      { '~standard': { version: 1, vendor: 'a', validate: () => Promise.reject(new Error('b')) } },
    ],
  ]
  test.each(schemas)('of %s is refused, and ends a run', async (_, validate) => {
    const error = failureOf(() => json({ validate }).decode(frameOf('a')))
    expect(error).toMatchObject({ code: 'OPTION_INVALID', kind: 'misuse' })
    expect((error as Error).message).toMatch(/^expected validate to be a schema that answers at once.*got a promise/)
    const messages = fromAsyncIterable([frameOf('a')]).pipe(decode(json({ validate })))
    const app = await run({ name: 'a', pipelines: { messages }, log: false })
    await expect(app.closed).rejects.toMatchObject({ code: 'OPTION_INVALID', where: { step: 'json' } })
  })
})

test.each([null, {}, () => true, { '~standard': { version: 2, vendor: 'a', validate: () => ({ value: 1 }) } }])(
  'what is no schema, such as %j, is OPTION_INVALID',
  (validate) => {
    expect(() => json({ validate: validate as never })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  },
)

test('without a run a message that does not fit is an error of the stream', async () => {
  const messages = fromAsyncIterable([frameOf(wrong)]).pipe(decode(json({ validate: inValibot })), toArray())
  await expect(lastValueFrom(messages)).rejects.toMatchObject({ code: 'DECODE_FAILED' })
})
