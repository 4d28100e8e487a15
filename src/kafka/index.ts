/**
 * Many workers on Apache Kafka, exactly once.
 *
 * @packageDocumentation
 */
export type { KafkaHeader, KafkaRecord } from './client.ts'
export { kafka, type KafkaConnection, type KafkaOptions } from './kafka.ts'
export { kafkaSink, type KafkaSinkOptions } from './sink.ts'
export { kafkaRecords, kafkaSource, type KafkaSourceOptions } from './source.ts'
