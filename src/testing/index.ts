export type {
  ApplicationDriver,
  PipelineDriver,
  PipelinePort,
  Pipelines,
  SinkControl,
  TestDriver,
  TestPipelineOptions,
} from './driver.ts'
export type { LawOptions } from './law.ts'
export { testPipeline } from './testPipeline.ts'
