export { Breach } from './breach.ts'
export type {
  ApplicationDriver,
  PipelineDriver,
  PipelinePort,
  Pipelines,
  SinkControl,
  TestDriver,
  TestPipelineOptions,
} from './driver.ts'
export { checkLaw, type Law, type LawOptions } from './law.ts'
export { testPipeline } from './testPipeline.ts'
