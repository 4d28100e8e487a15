import type { DeadLetter } from '../../context/deadLetter.ts'
import type { KafkaRecord } from '../client.ts'

/** In characters: a stack is not the reason why a record is too large. */
const longestText = 8192

/** What Kafka Connect calls the stage in which something went wrong. */
const stages: Readonly<Record<string, string>> = {
  DECODE_FAILED: 'VALUE_CONVERTER',
  FRAME_TOO_LONG: 'VALUE_CONVERTER',
  FRAME_CUT_OFF: 'VALUE_CONVERTER',
  FRAME_HEADER_INVALID: 'VALUE_CONVERTER',
  KEY_FUNCTION_FAILED: 'KEY_CONVERTER',
  KEY_INVALID: 'KEY_CONVERTER',
  ENCODE_FAILED: 'TASK_PUT',
  KAFKA_MESSAGE_TOO_LARGE: 'TASK_PUT',
}

/** The headers of a dead letter: those of its record, and what went wrong, as Kafka Connect names it. */
export function letterHeaders(
  { pipeline, error, record }: DeadLetter,
  isLeftOut: boolean,
): (readonly [string, Uint8Array | string])[] {
  const cause = error.cause instanceof Error ? error.cause : error
  const { step, sink, source, partition, key } = error.where
  const said: readonly (readonly [string, string | number | bigint | undefined])[] = [
    ['__connect.errors.topic', record?.topic],
    ['__connect.errors.partition', record?.partition],
    ['__connect.errors.offset', record?.offset],
    ['__connect.errors.connector.name', pipeline],
    ['__connect.errors.stage', stages[error.code] ?? 'TRANSFORMATION'],
    ['__connect.errors.class.name', step ?? sink ?? source],
    ['__connect.errors.exception.class.name', cause.name],
    ['__connect.errors.exception.message', error.message],
    ['__connect.errors.exception.stacktrace', cause.stack],
    ['wallarx.code', error.code],
    ['wallarx.pipeline', pipeline],
    ['wallarx.step', step],
    ['wallarx.sink', sink],
    ['wallarx.partition', partition],
    ['wallarx.key', key],
    ['wallarx.left.out', isLeftOut ? 'the value, which is too large' : undefined],
  ]
  return [
    ...((record as KafkaRecord | undefined)?.headers ?? []),
    ...said.flatMap(([name, value]) => (value === undefined ? [] : [[name, shortened(String(value))] as const])),
  ]
}

const shortened = (text: string): string => (text.length > longestText ? `${text.slice(0, longestText)}…` : text)
