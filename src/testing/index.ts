export type {
  ApplicationDriver,
  PipelineDriver,
  PipelinePort,
  Pipelines,
  SinkControl,
  TestDriver,
  TestPipelineOptions,
} from './driver.ts'
export { testPipeline } from './testPipeline.ts'
