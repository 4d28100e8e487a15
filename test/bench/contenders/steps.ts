import { from, lastValueFrom, type Observable } from 'rxjs'
import { lengthPrefixed, utf8, type Decoder, type Sink } from 'wallarx'
import { decode, encode, frame, toMulti, toSink, toStatePartition } from 'wallarx/operators'
import { split, wordCountLine } from '../../../examples/01-word-count/wordCount.ts'
import type { Contender } from './contender.ts'
import { gatheringSink } from './gatheringSink.ts'
import { byLetter } from './workload.ts'

/**
 * The pipe of the word count cut short after each of its steps; the differences are what each step costs. Each ends in
 * the same sink that drops what it gets (for `frame`: in a decoder that filters every frame), because frames stay
 * unread in their chunk and text stays text only between operators of ours.
 */
export const oursUpTo = {
  frame: cut((chunks) => chunks.pipe(frame(lengthPrefixed(4)), decode(dropped))),
  decode: cut((chunks) => texts(chunks)),
  toMulti: cut((chunks) => texts(chunks).pipe(toMulti(split))),
  toStatePartition: cut((chunks) => counts(chunks)),
  encode: cut((chunks) => counts(chunks).pipe(encode(wordCountLine))),
  toSink: (chunks, take) => finished(counts(from(chunks)).pipe(encode(wordCountLine), toSink(gatheringSink(take)))),
} satisfies Record<string, Contender>

function cut(pipeline: (chunks: Observable<Buffer>) => Observable<unknown>): Contender {
  return (chunks) => finished(pipeline(from(chunks)).pipe(toSink(drop)))
}

const texts = (chunks: Observable<Buffer>): Observable<string> => chunks.pipe(frame(lengthPrefixed(4)), decode(utf8))

const counts = (chunks: Observable<Buffer>) =>
  texts(chunks).pipe(toMulti(split), toStatePartition(byLetter.compute, byLetter.createPartition()))

async function finished(pipeline: Observable<never>): Promise<void> {
  await lastValueFrom(pipeline, { defaultValue: undefined })
}

const nothing = (): undefined => undefined
const dropped: Decoder<Buffer> = { decode: nothing, decodeAt: nothing }

const drop: Sink<unknown> = {
  name: 'nowhere',
  acceptsText: true,
  open: () => ({ write() {}, async close() {}, abort() {} }),
}
