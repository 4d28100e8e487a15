import { from as fromIx } from 'ix/asynciterable'
import { from, lastValueFrom, mergeMap, of, retry, share, Subject, take, toArray, merge } from 'rxjs'
import { expect, test } from 'vitest'
import { fromAsyncIterable, fromObservable, lengthPrefixed, observerSink, statePartition, utf8 } from 'wallarx'
import { decode, encode, frame, to, toMulti, toSink, toStatePartition } from 'wallarx/operators'
import * as ix from 'wallarx/operators/ix'
import { within } from '../../../src/context/context.ts'
import { standaloneContext } from '../../../src/context/standalone.ts'
import { startStep } from '../../../src/step/start.ts'
import type { Operation, Step } from '../../../src/step/step.ts'
import { countsOf, createTestMeter, edgesOf, measuredRun } from '../../support/measured.ts'

const words = { name: 'words', compute: (line: string) => line.split(' ') }
const lettersOnly = { name: 'letters only', compute: (word: string) => (/^[a-z]+$/.test(word) ? word : undefined) }
const count = {
  name: 'count',
  compute: (word: string, state: { count: number }): [string | undefined, boolean] => [
    ++state.count > 1 ? `${word} ${state.count}` : undefined,
    true,
  ],
}
const counts = () => statePartition('counts', { key: (word: string) => word.length, build: () => ({ count: 0 }) })

const frames = (...texts: string[]): Buffer =>
  Buffer.concat(
    texts.map((text) => {
      const payload = Buffer.from(text)
      const header = Buffer.alloc(4)
      header.writeUInt32BE(payload.length)
      return Buffer.concat([header, payload])
    }),
  )

/** Frames of lines → words → counts of 2 and more: of a, bb, c, 1, d, two are the second and third of one letter. */
const input = [frames('a bb', 'c 1'), frames('d')]
const seen = {
  frame: [2, 3],
  utf8: [3, 3],
  words: [3, 5],
  'letters only': [5, 4],
  count: [4, 2],
  line: [2, 2],
}
const line = { name: 'line', encode: (text: string) => text }
const nowhere = () => observerSink({ next: () => undefined })

test('what goes into and out of each step of a run is counted, by the name of the step', async () => {
  const outputs: string[] = []
  const pipeline = from(input).pipe(
    frame(lengthPrefixed(4)),
    decode(utf8),
    toMulti(words),
    to(lettersOnly),
    toStatePartition(count, counts()),
    encode(line),
    toSink(observerSink({ next: (bytes: Uint8Array) => outputs.push(Buffer.from(bytes).toString()) })),
  )
  const report = await measuredRun(pipeline)
  expect(outputs).toEqual(['c 2', 'd 3'])
  expect(countsOf(report)).toEqual({ ...seen, observer: [2, 0] })
  expect(edgesOf(report)).toEqual([
    'frame → utf8',
    'utf8 → words',
    'words → letters only',
    'letters only → count',
    'count → line',
    'line → observer',
  ])
})

test('the Ix twin counts the same', async () => {
  const meter = createTestMeter()
  const context = { ...standaloneContext(), meter }
  const pipeline = fromIx(input).pipe(
    ix.frame(lengthPrefixed(4)),
    ix.decode(utf8),
    ix.toMulti(words),
    ix.to(lettersOnly),
    ix.toStatePartition(count, counts()),
    ix.encode(line),
  )
  const outputs: string[] = []
  const iterator = within(context, () => pipeline[Symbol.asyncIterator]())
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    outputs.push(Buffer.from(next.value).toString())
  }
  expect(outputs).toEqual(['c 2', 'd 3'])
  expect(countsOf({ nodes: meter.graph.nodes.map((node) => node.report()) })).toEqual(seen)
})

test('a pipeline of Ix leads into one of Rx, through the source between them', async () => {
  const numbers = fromIx([1, 2, 3]).pipe(ix.to({ name: 'double', compute: (n: number) => 2 * n }))
  const report = await measuredRun(
    fromAsyncIterable(numbers).pipe(
      to({ name: 'large', compute: (n: number) => (n > 2 ? n : undefined) }),
      toSink(nowhere()),
    ),
  )
  expect(countsOf(report)).toEqual({ double: [3, 3], 'async iterable': [3, 3], large: [3, 2], observer: [2, 0] })
  expect(edgesOf(report)).toEqual(['double → async iterable', 'async iterable → large', 'large → observer'])
})

test('steps past operators of others are found, merged and shared ones too', async () => {
  const shared = from([1, 2, 3, 4]).pipe(
    to({ name: 'first', compute: (n: number) => n }),
    share({ connector: () => new Subject<number>() }),
  )
  const even = shared.pipe(
    mergeMap((n) => of(n)),
    to({ name: 'even', compute: (n) => (n % 2 === 0 ? n : undefined) }),
  )
  const small = shared.pipe(to({ name: 'small', compute: (n) => (n < 3 ? n : undefined) }))
  // Cold and shared: the second branch finds it over, so both are fed by one subject.
  const report = await measuredRun(merge(even, small).pipe(toSink(nowhere())))
  expect(edgesOf(report)).toEqual(
    expect.arrayContaining(['first → even', 'even → observer', 'small → observer', 'first → small']),
  )
  expect(countsOf(report)).toMatchObject({ even: [4, 2] })
})

test('a step that is subscribed to again is the same step', async () => {
  let tries = 0
  const failing = from([1, 2]).pipe(
    to({ name: 'step', compute: (n: number) => n }),
    mergeMap((n) => {
      if (n === 2 && ++tries < 3) throw new Error('not yet')
      return of(n)
    }),
    retry(5),
    toSink(nowhere()),
  )
  const report = await measuredRun(failing)
  expect(countsOf(report)).toEqual({ step: [6, 6], observer: [4, 0] })
})

test('steps that are made anew for each message are one step, when there are many', async () => {
  const source = new Subject<number>()
  const report = measuredRun(
    fromObservable(source).pipe(
      mergeMap((n) => of(n).pipe(to({ name: 'inner', compute: (one: number) => one }))),
      toSink(nowhere()),
    ),
  )
  for (let n = 0; n < 50; n++) source.next(n)
  source.complete()
  expect(countsOf(await report)).toEqual({
    observable: [50, 50],
    inner: [50, 50],
    observer: [50, 0],
  })
})

test('an asynchronous step counts what it takes and gives', async () => {
  const slow = { name: 'slow', compute: (n: number) => Promise.resolve(n % 2 === 0 ? n : undefined) }
  const report = await measuredRun(from([1, 2, 3, 4]).pipe(to(slow, { concurrency: 2 }), toSink(nowhere())))
  expect(countsOf(report)).toEqual({ slow: [4, 2], observer: [2, 0] })
  expect(report.nodes.find(({ name }) => name === 'slow')!.latency.count).toBeGreaterThan(0)
})

test('without a meter a step is its own operation, with nothing around it', () => {
  const operation: Operation<number> = { next: () => undefined }
  const step: Step<number, number> = { name: 'plain', start: () => operation }
  const output = { next: () => undefined, error: () => undefined, complete: () => undefined, closed: false }
  const inTurn = (work: () => void): void => {
    work()
  }
  expect(startStep(step, output, standaloneContext(), undefined, inTurn)).toBe(operation)
})

test('a measured step still stops when nobody takes its outputs any more', async () => {
  let asked = 0
  const endless = {
    name: 'endless',
    *compute() {
      for (;;) yield asked++
    },
  }
  const meter = createTestMeter()
  const first = within({ ...standaloneContext(), meter }, () =>
    lastValueFrom(of(0).pipe(toMulti(endless), take(3), toArray())),
  )
  expect(await first).toEqual([0, 1, 2])
  expect(countsOf({ nodes: meter.graph.nodes.map((node) => node.report()) })).toEqual({ endless: [1, 3] })
})
