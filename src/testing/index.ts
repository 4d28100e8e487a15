/**
 * Laws, arbitraries and a driver for testing pipelines of your own.
 *
 * @module wallarx/testing
 */
export { Breach } from './law/breach.ts'
export { chunked } from './generator/chunked.ts'
export { cuttingDoesNotMatter, type CuttingOptions } from './operatorLaw/cuttingDoesNotMatter.ts'
export { decodingUndoesEncoding, type Codec, type CodecOptions } from './operatorLaw/decodingUndoesEncoding.ts'
export { entitiesDoNotSeeEachOther, type EntitiesOptions } from './operatorLaw/entitiesDoNotSeeEachOther.ts'
export { errorsComeOnce, type ErrorsOptions } from './operatorLaw/errorsComeOnce.ts'
export { framed, type FramedBytes, type FramedOptions, type Payload } from './generator/framed.ts'
export { key, type KeyOptions } from './generator/key.ts'
export type { KeyedOptions } from './operatorLaw/keyed.ts'
export { keysAreIndependent } from './operatorLaw/keysAreIndependent.ts'
export { checkLaw, type Law, type LawOptions } from './law/law.ts'
export { awkwardValues } from './generator/awkwardValues.ts'
export { messages, type MessagesOptions } from './generator/messages.ts'
export type { OperatorLawName } from './operatorLaw/operatorLaws.ts'
export { orderPerKeyIsKept } from './operatorLaw/orderPerKeyIsKept.ts'
export type { Same } from './law/probe.ts'
export { serdeLosesNothing, type SerdeOptions } from './contractLaw/serdeLosesNothing.ts'
export { sinkAborts, type ReleasingSink } from './contractLaw/sinkAborts.ts'
export { sinkHandsOverAll } from './contractLaw/sinkHandsOverAll.ts'
export { sinkHoldsWhenBehind, type StalledSink } from './contractLaw/sinkHoldsWhenBehind.ts'
export type { SinkLawOptions, WatchedSink } from './contractLaw/sinkTrial.ts'
export { sourceLetsGo, type ReleasingSource } from './contractLaw/sourceLetsGo.ts'
export { sourceObeysHolds } from './contractLaw/sourceObeysHolds.ts'
export { sourceResumes } from './contractLaw/sourceResumes.ts'
export { sourceStopsWhenTold } from './contractLaw/sourceStopsWhenTold.ts'
export type { BuildSource, SourceLawOptions } from './contractLaw/sourceTrial.ts'
export { storeKeepsWhatItIsGiven } from './contractLaw/storeKeepsWhatItIsGiven.ts'
export {
  subscriptionsAreIndependent,
  type OperatorLawOptions,
  type SubscriptionsOptions,
} from './operatorLaw/subscriptionsAreIndependent.ts'
export { takeStopsTheSource } from './operatorLaw/takeStopsTheSource.ts'
export { teardownHappensOnce, type Acquire } from './operatorLaw/teardownHappensOnce.ts'
export { checkPipeline, type CheckPipelineOptions, type PipelineLawName } from './pipelineLaw/checkPipeline.ts'
export type { ClusterDriver, SimulateClusterOptions } from './cluster/clusterDriver.ts'
export { crashesDoNotMatter, type CrashOptions } from './pipelineLaw/crashesDoNotMatter.ts'
export type {
  ApplicationDriver,
  EntityUnderTest,
  PipelineDriver,
  PipelinePort,
  Pipelines,
  SinkControl,
  TestDriver,
  TestPipelineOptions,
} from './driver/driver.ts'
export type { AtCall, ClusterEvent, Disturbance } from './cluster/disturbance.ts'
export { disturbances, withDisturbances, type WithDisturbancesOptions } from './cluster/disturbances.ts'
export { faults, withFaults, type Fault, type PipelineEvent, type WithFaultsOptions } from './driver/faults.ts'
export type { BuildPipeline, PipelineLawOptions } from './pipelineLaw/pipelineLaw.ts'
export { play, type PlayOptions } from './driver/play.ts'
export { playOnCluster } from './cluster/playOnCluster.ts'
export { simulateCluster } from './cluster/simulateCluster.ts'
export { testPipeline } from './driver/testPipeline.ts'
export { keysStayApart, type KeysOptions } from './pipelineLaw/keysStayApart.ts'
export { rxTwinIsIxTwin, type TwinOptions } from './operatorLaw/rxTwinIsIxTwin.ts'
export { slowSinksLoseNothing } from './pipelineLaw/slowSinksLoseNothing.ts'
export { speedDoesNotMatter } from './pipelineLaw/speedDoesNotMatter.ts'
export { startsAreIndependent } from './pipelineLaw/startsAreIndependent.ts'
export { disorderDoesNotMatter } from './timeLaw/disorderDoesNotMatter.ts'
export { expiredEntitiesAreForgotten, type ExpiryOptions } from './timeLaw/expiredEntitiesAreForgotten.ts'
export { interleavingDoesNotMatter } from './timeLaw/interleavingDoesNotMatter.ts'
export { joinIsExact, type JoinLawOptions } from './timeLaw/joinIsExact.ts'
export type { OriginsOptions } from './timeLaw/origins.ts'
export { timersAreExact, type TimersOptions } from './timeLaw/timersAreExact.ts'
export { timed, type Timed, type TimedOptions } from './generator/timed.ts'
export { windowsAreExact, type WindowsOptions } from './timeLaw/windowsAreExact.ts'
export { workersDoNotMatter, type WorkersOptions } from './pipelineLaw/workersDoNotMatter.ts'
