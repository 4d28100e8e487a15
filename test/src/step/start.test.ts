import { from as fromIx } from 'ix/asynciterable'
import { from, lastValueFrom, take, toArray } from 'rxjs'
import { expect, test } from 'vitest'
import { lengthPrefixed, observerSink, statePartition, utf8 } from 'wallarx'
import { decode, encode, frame, to, toMulti, toSink, toStatePartition } from 'wallarx/operators'
import * as ix from 'wallarx/operators/ix'
import { silentLog } from '../../../src/base/log.ts'
import { within } from '../../../src/context/context.ts'
import type { Meter, StepMeter } from '../../../src/context/meter.ts'
import { standaloneContext } from '../../../src/context/standalone.ts'
import { startApplication } from '../../../src/run/application.ts'
import { startStep } from '../../../src/step/start.ts'
import type { Operation, Step } from '../../../src/step/step.ts'

interface Counter extends Meter {
  readonly steps: Map<string, StepMeter>
}

function counter(): Counter {
  const steps = new Map<string, StepMeter>()
  return {
    steps,
    step(name) {
      const known = steps.get(name)
      if (known !== undefined) return known
      const counts = { in: 0, out: 0 }
      steps.set(name, counts)
      return counts
    },
  }
}

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
const seen = [
  ['frame', { in: 2, out: 3 }],
  ['utf8', { in: 3, out: 3 }],
  ['words', { in: 3, out: 5 }],
  ['letters only', { in: 5, out: 4 }],
  ['count', { in: 4, out: 2 }],
  ['line', { in: 2, out: 2 }],
]
const line = { name: 'line', encode: (text: string) => text }

test('a meter sees what goes into and out of each step of a run, by the name of the step', async () => {
  const meter = counter()
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
  const app = startApplication(
    { name: 'metered', pipelines: { pipeline }, handleSignals: false },
    { log: silentLog, store: undefined, meter },
  )
  await app.closed
  expect(outputs).toEqual(['c 2', 'd 3'])
  expect([...meter.steps].sort()).toEqual([...seen, ['observer', { in: 2, out: 0 }]].sort())
})

test('the Ix twin counts the same', async () => {
  const meter = counter()
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
  expect([...meter.steps].sort()).toEqual(seen.sort())
})

test('without a meter a step is its own operation, with nothing around it', () => {
  const operation: Operation<number> = { next: () => undefined }
  const step: Step<number, number> = { name: 'plain', start: () => operation }
  const output = { next: () => undefined, error: () => undefined, complete: () => undefined, closed: false }
  expect(startStep(step, output, standaloneContext())).toBe(operation)
  expect(startStep(step, output, { ...standaloneContext(), meter: counter() })).not.toBe(operation)
})

test('a metered step still stops when nobody takes its outputs any more', async () => {
  const meter = counter()
  let asked = 0
  const endless = {
    name: 'endless',
    *compute() {
      for (;;) yield asked++
    },
  }
  const first = within({ ...standaloneContext(), meter }, () =>
    lastValueFrom(from([1]).pipe(toMulti(endless), take(3), toArray())),
  )
  expect(await first).toEqual([0, 1, 2])
  expect(asked).toBe(3)
})
