/**
 * Sources, sinks, bridges, framings, state, stores, and `run`.
 *
 * @module wallarx
 */
export * from './browser.ts'
export type { Address } from './base/address.ts'
export type { BackoffOptions } from './network/backoff.ts'
export { toNodeStream } from './bridge/nodeStream.ts'
export { csv, type Csv, type CsvOptions } from './codec/csv/csv.ts'
export { msgpack } from './codec/msgpack.ts'
export type { DeadLetter, RecordOrigin } from './context/deadLetter.ts'
export { journaled, type JournaledOptions } from './journal/journaled.ts'
export { run } from './run/run.ts'
export type { Cluster, WorkerStatus } from './cluster/cluster.ts'
export type { MonitorOptions } from './monitor/http/options.ts'
export type { Lifecycle, Messages, PipelineStatus, RunOptions, Running, RunStatus } from './run/contract.ts'
export type { Log, LogFields, Logger } from './base/log.ts'
export { fileSink, type FileSinkOptions } from './sink/file.ts'
export { nodeStreamSink, type NodeStreamSinkOptions } from './sink/nodeStream.ts'
export { tcpSink, type TcpSinkOptions } from './sink/tcp.ts'
export type { AcknowledgedSinkOptions } from './sink/acknowledged/sink.ts'
export { fileSource, type FileSourceOptions } from './source/file/file.ts'
export { fromNodeStream } from './source/nodeStream.ts'
export {
  tcpSource,
  type AcknowledgedTcpSourceOptions,
  type ListenOptions,
  type TcpSourceOptions,
} from './source/tcp.ts'
export { webSocketSink } from './sink/webSocket/webSocket.ts'
export type {
  WebSocketSending,
  WebSocketSinkConnectOptions,
  WebSocketSinkListenOptions,
  WebSocketSinkOptions,
} from './sink/webSocket/options.ts'
export { httpSource } from './source/http/http.ts'
export type { AdmissionOptions } from './network/http/admission.ts'
export type { HttpListenOptions } from './network/http/listening.ts'
export type { HttpSourceOptions } from './source/http/options.ts'
export { webSocketSource } from './source/webSocket/webSocket.ts'
export type {
  WebSocketConnectOptions,
  WebSocketLimits,
  WebSocketListenOptions,
  WebSocketSourceOptions,
} from './source/webSocket/options.ts'
export type { WebSocketClientOptions } from './network/webSocket/client.ts'
export type { Change, OpenStore, Store, StoreEntry } from './store/store.ts'
export { lmdbStore, type LmdbStoreOptions } from './store/lmdb/lmdbStore.ts'
export { memoryStore } from './store/memory.ts'
