/**
 * Sources, sinks, bridges, framings, state, stores, and `run`.
 *
 * @module wallarx
 */
export type { Address } from './base/address.ts'
export type { BacklogOptions } from './sink/backlog.ts'
export type { BackoffOptions } from './network/backoff.ts'
export { toAsyncIterable, type ToAsyncIterableOptions } from './bridge/asyncIterable.ts'
export { toNodeStream } from './bridge/nodeStream.ts'
export { toWebStream } from './bridge/webStream.ts'
export {
  framed,
  utf8,
  type Decoder,
  type DecoderOrFunction,
  type Encoder,
  type EncoderOrFunction,
} from './codec/codec.ts'
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
export type { DeadLetter, RecordOrigin } from './context/deadLetter.ts'
export { WallarxError, type ErrorCode, type ErrorDetails, type ErrorKind, type Where } from './base/errors.ts'
export type { DelimitedFraming, Framing, HeaderFraming } from './framing/framing.ts'
export { delimited, type DelimitedOptions } from './framing/delimited.ts'
export { fixedLength } from './framing/fixedLength.ts'
export { lengthPrefixed, type LengthPrefixedOptions } from './framing/lengthPrefixed.ts'
export type { Hold, Holds } from './context/backPressure.ts'
export type { BufferUse, SinkMeter } from './context/meter.ts'
export { journaled, type JournaledOptions } from './journal/journaled.ts'
export type { Key, KeyFunction } from './key/key.ts'
export { hashKey, hashOf } from './key/hash.ts'
export { run } from './run/run.ts'
export type { Cluster, WorkerStatus } from './cluster/cluster.ts'
export type { MonitorOptions } from './monitor/http/options.ts'
export type { Lifecycle, Messages, PipelineStatus, RunOptions, Running, RunStatus } from './run/contract.ts'
export type { Log, LogFields, Logger } from './base/log.ts'
export type { Fingerprint, Position, SinkDelivery, Transactions } from './context/endpoint.ts'
export type { ByteSink, Sink, SinkContext, SinkWriter } from './sink/sink.ts'
export { fileSink, type FileSinkOptions } from './sink/file.ts'
export { nodeStreamSink, type NodeStreamSinkOptions } from './sink/nodeStream.ts'
export { observerSink } from './sink/observer.ts'
export { tcpSink, type TcpSinkOptions } from './sink/tcp.ts'
export { webSocketSink, type WebSocketSinkOptions } from './sink/webSocket/webSocket.ts'
export { webStreamSink, type WebStreamSinkOptions } from './sink/webStream.ts'
export { fromAsyncIterable, type FromOptions } from './source/asyncIterable.ts'
export { fileSource, type FileSourceOptions } from './source/file.ts'
export { fromNodeStream } from './source/nodeStream.ts'
export { fromObservable, type FromObservableOptions } from './source/observable.ts'
export { tcpSource, type TcpSourceOptions } from './source/tcp.ts'
export { httpSource } from './source/http/http.ts'
export type { AdmissionOptions } from './source/http/admission.ts'
export type { HttpListenOptions, HttpSourceOptions } from './source/http/options.ts'
export { webSocketSource } from './source/webSocket/webSocket.ts'
export type {
  WebSocketConnectOptions,
  WebSocketLimits,
  WebSocketListenOptions,
  WebSocketSourceOptions,
} from './source/webSocket/options.ts'
export type { WebSocketClientOptions } from './network/webSocket/client.ts'
export { fromWebStream } from './source/webStream.ts'
export type { Serde } from './state/serde.ts'
export type { EntryKey } from './state/entry.ts'
export { StateMap } from './state/stateMap.ts'
export { statePartition, type StatePartition, type StatePartitionOptions } from './state/statePartition.ts'
export { StateSet } from './state/stateSet.ts'
export type { Change, OpenStore, Store, StoreEntry } from './store/store.ts'
export { lmdbStore, type LmdbStoreOptions } from './store/lmdb/lmdbStore.ts'
export { memoryStore } from './store/memory.ts'
export type { Watermark } from './context/time/pipelineTime.ts'
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
