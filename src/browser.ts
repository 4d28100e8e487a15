/**
 * What of `wallarx` runs in a browser as well: all but files, sockets, streams of Node, stores, journals, and `run`.
 */
export type { Bytes } from '#platform'
export type { BacklogOptions } from './sink/backlog.ts'
export { toAsyncIterable, type ToAsyncIterableOptions } from './bridge/asyncIterable.ts'
export { toWebStream } from './bridge/webStream.ts'
export {
  framed,
  utf8,
  type Decoder,
  type DecoderOrFunction,
  type Encoder,
  type EncoderOrFunction,
} from './codec/codec.ts'
export type { CsvFraming } from './codec/csv/framing.ts'
export { json, type Codec, type CodecOptions } from './codec/json.ts'
export type { StandardIssue, StandardResult, StandardSchema } from './codec/validate.ts'
export type {
  AsyncComputation,
  AsyncMultiComputation,
  AsyncMultiStateComputation,
  AsyncStateComputation,
  Computation,
  Concurrency,
  MultiComputation,
  MultiStateComputation,
  OrFunction,
  StateComputation,
  StateResult,
} from './step/computation.ts'
export type { TimerName, Timers } from './time/timers.ts'
export { WallarxError, type ErrorCode, type ErrorDetails, type ErrorKind, type Where } from './base/errors.ts'
export type { DelimitedFraming, Framing, HeaderFraming } from './framing/framing.ts'
export { delimited, type DelimitedOptions } from './framing/delimited.ts'
export { fixedLength } from './framing/fixedLength.ts'
export { lines, type LinesOptions } from './framing/lines.ts'
export { lengthPrefixed, type LengthPrefixedOptions } from './framing/lengthPrefixed.ts'
export type { Hold, Holds } from './context/backPressure.ts'
export type { BufferUse, SinkMeter } from './context/meter.ts'
export type { Key, KeyFunction } from './key/key.ts'
export { hashKey, hashOf } from './key/hash.ts'
export type { EntryChange, Fingerprint, KeptEntries, Position, SinkDelivery, Transactions } from './context/endpoint.ts'
export type { ByteSink, Sink, SinkContext, SinkWriter } from './sink/sink.ts'
export { observerSink } from './sink/observer.ts'
export { webStreamSink, type WebStreamSinkOptions } from './sink/webStream.ts'
export { fromAsyncIterable, type FromOptions } from './source/asyncIterable.ts'
export { fromObservable, type FromObservableOptions } from './source/observable.ts'
export { fromWebStream } from './source/webStream.ts'
export type { Serde } from './state/serde.ts'
export type { EntryKey } from './state/entry.ts'
export { StateMap } from './state/stateMap.ts'
export { statePartition, type StatePartition, type StatePartitionOptions } from './state/statePartition.ts'
export { StateSet } from './state/stateSet.ts'
export type { Watermark } from './context/time.ts'
export { days, hours, minutes, seconds } from './time/duration.ts'
export type { JoinSide, JoinWithinOptions } from './time/join/options.ts'
export type { LatePolicy } from './time/late.ts'
export type { Aggregate, AggregateOf, ClosingWindow } from './time/window/aggregate.ts'
export {
  counted,
  session,
  sliding,
  tumbling,
  type AlignedWindow,
  type CountedOptions,
  type CountedWindow,
  type SessionOptions,
  type SessionWindow,
  type SlidingOptions,
  type TumblingOptions,
  type WindowDefinition,
} from './time/window/window.ts'
export type { OpenWindow } from './time/window/openWindow.ts'
export type { OpenWindows } from './time/window/options.ts'
export { windowed, type WindowedOptions, type WindowedPartition } from './time/window/windowed.ts'
