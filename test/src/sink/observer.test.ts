import { concat, of, ReplaySubject, throwError } from 'rxjs'
import { expect, test } from 'vitest'
import { toSink } from '../../../operators/toSink.ts'
import { observerSink } from '../../../src/sink/observer.ts'
import { gather } from '../../operators/gather.ts'

test('observerSink hands messages and completion to an observer', async () => {
  const subject = new ReplaySubject<number>(Infinity)
  expect(await gather(of(1, 2).pipe(toSink(observerSink(subject))))).toEqual({ messages: [] })
  expect(await gather(subject)).toEqual({ messages: [1, 2] })
})

test('observerSink hands the error of the pipeline to the observer, and the pipeline fails with it too', async () => {
  const subject = new ReplaySubject<number>(Infinity)
  const error = new Error('the source')
  const pipeline = concat(
    of(1),
    throwError(() => error),
  )
  expect(await gather(pipeline.pipe(toSink(observerSink(subject))))).toEqual({ messages: [], error })
  expect(await gather(subject)).toEqual({ messages: [1], error })
})

test('observerSink takes an observer with any part of its methods', async () => {
  const error = new Error('the source')
  expect(await gather(of(1).pipe(toSink(observerSink({}))))).toEqual({ messages: [] })
  expect(await gather(throwError(() => error).pipe(toSink(observerSink({}))))).toEqual({ messages: [], error })
})

test('observerSink tells the observer nothing of an unsubscription', () => {
  const seen: string[] = []
  const observer = { complete: () => seen.push('complete'), error: () => seen.push('error') }
  concat(of(1), new ReplaySubject<number>(Infinity))
    .pipe(toSink(observerSink(observer)))
    .subscribe()
    .unsubscribe()
  expect(seen).toEqual([])
})
