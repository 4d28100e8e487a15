/**
 * Many workers on Apache Kafka, exactly once.
 *
 * @packageDocumentation
 */
export type { KafkaHeader, KafkaRecord } from './client.ts'
export type { KafkaConnection, KafkaEndpointConnection } from './connection.ts'
export { kafkaDeadLetters, type KafkaDeadLettersOptions } from './output/deadLetters.ts'
export type { KafkaFrom } from './input/from.ts'
export { kafka, type KafkaOptions } from './kafka.ts'
export type { KafkaHeaders } from './output/recordMaker.ts'
export { kafkaSink, type KafkaMessageSinkOptions, type KafkaSinkOptions } from './sink.ts'
export { kafkaRecords, kafkaSource, type KafkaSourceOptions } from './source.ts'
