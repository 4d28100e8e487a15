/**
 * Laws, arbitraries and a driver for testing pipelines of your own.
 *
 * @module wallarx/testing
 */
export { Breach } from './breach.ts'
export { chunked } from './chunked.ts'
export { cuttingDoesNotMatter, type CuttingOptions } from './cuttingDoesNotMatter.ts'
export { decodingUndoesEncoding, type Codec, type CodecOptions } from './decodingUndoesEncoding.ts'
export { entitiesDoNotSeeEachOther, type EntitiesOptions } from './entitiesDoNotSeeEachOther.ts'
export { errorsComeOnce, type ErrorsOptions } from './errorsComeOnce.ts'
export { framed, type FramedBytes, type FramedOptions, type Payload } from './framed.ts'
export { key, type KeyOptions } from './key.ts'
export type { KeyedOptions } from './keyed.ts'
export { keysAreIndependent } from './keysAreIndependent.ts'
export { checkLaw, type Law, type LawOptions } from './law.ts'
export { messages, type MessagesOptions } from './messages.ts'
export type { OperatorLawName } from './operatorLaws.ts'
export { orderPerKeyIsKept } from './orderPerKeyIsKept.ts'
export type { Same } from './probe.ts'
export { serdeLosesNothing, type SerdeOptions } from './serdeLosesNothing.ts'
export { sinkAborts, type ReleasingSink } from './sinkAborts.ts'
export { sinkHandsOverAll } from './sinkHandsOverAll.ts'
export { sinkHoldsWhenBehind, type StalledSink } from './sinkHoldsWhenBehind.ts'
export type { SinkLawOptions, WatchedSink } from './sinkTrial.ts'
export { sourceLetsGo, type ReleasingSource } from './sourceLetsGo.ts'
export { sourceObeysHolds } from './sourceObeysHolds.ts'
export { sourceResumes } from './sourceResumes.ts'
export { sourceStopsWhenTold } from './sourceStopsWhenTold.ts'
export type { BuildSource, SourceLawOptions } from './sourceTrial.ts'
export { storeKeepsWhatItIsGiven } from './storeKeepsWhatItIsGiven.ts'
export {
  subscriptionsAreIndependent,
  type OperatorLawOptions,
  type SubscriptionsOptions,
} from './subscriptionsAreIndependent.ts'
export { takeStopsTheSource } from './takeStopsTheSource.ts'
export { teardownHappensOnce, type Acquire } from './teardownHappensOnce.ts'
export { checkPipeline, type CheckPipelineOptions, type PipelineLawName } from './checkPipeline.ts'
export { crashesDoNotMatter, type CrashOptions } from './crashesDoNotMatter.ts'
export type {
  ApplicationDriver,
  PipelineDriver,
  PipelinePort,
  Pipelines,
  SinkControl,
  TestDriver,
  TestPipelineOptions,
} from './driver.ts'
export { faults, withFaults, type Fault, type PipelineEvent, type WithFaultsOptions } from './faults.ts'
export type { BuildPipeline, PipelineLawOptions } from './pipelineLaw.ts'
export { play, type PlayOptions } from './play.ts'
export { testPipeline } from './testPipeline.ts'
export { keysStayApart, type KeysOptions } from './keysStayApart.ts'
export { rxTwinIsIxTwin, type TwinOptions } from './rxTwinIsIxTwin.ts'
export { slowSinksLoseNothing } from './slowSinksLoseNothing.ts'
export { speedDoesNotMatter } from './speedDoesNotMatter.ts'
export { startsAreIndependent } from './startsAreIndependent.ts'
