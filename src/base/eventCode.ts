import type { ErrorCode } from './errors.ts'

/** What a run tells that is no error of its own, each with what it means. Stable; `docs/telemetry.md` has them too. */
export const eventCodes = {
  SINK_UNREACHABLE: 'a connection of a sink is lost or refused; it is tried again',
  SOURCE_UNREACHABLE: 'a connection of a source is lost or refused; it is tried again',
  CLIENT_SLOW: 'a client of a sink did not read as fast as it was sent to, and was closed',
  SINK_NOT_CHECKED: 'a file may not be read, so nobody knows whether it is the one that was written',
  SOURCE_REPLACED: 'there is another file where a source reads',
  SOURCE_CUT_SHORT: 'a file has something that cannot be cut into frames, and is not read from there on',
  SOURCE_WRITTEN_LATE: 'a file was written to that had been rotated away and left',
  CONNECTION_NOT_ACCEPTED: 'a connection could not be accepted; those that are there go on',
  JOURNAL_PART_LEFT_OUT: 'a damaged part of a journal was left out, as onDamage says',
  JOURNAL_TAIL_CUT: 'the last record of a journal was not whole, as after a crash, and was cut off',
  JOURNAL_NOT_TRIMMED: 'a journal could not be trimmed, and grows until it can',
  STORED_UNUSED: 'the store has something that the program does not use, as after a change of a name',
  POSITION_MISSING: 'a pipeline is not in the store, which has others: its sources begin at their beginning',
  PIPELINE_CUT: 'at a stop something did not end and was cut; what it kept is lost',
  DEAD_LETTERS_FAILED: 'what takes the dead letters has thrown',
  WORKER_CANNOT_JOIN: 'a worker cannot join its cluster, and tries again',
  WORKER_REJOINS: 'a worker has left its cluster, and begins anew from the last commit',
  WORKER_GONE: 'a worker is gone; a transaction that it may have left open has been ended',
  TRANSACTIONS_NOT_ENDED: 'transactions that dead workers may have left open cannot be ended now',
  PARTITIONS_UNOWNED: 'partitions have no owner; a worker rejoins, so that they are given anew',
  PURGE_DENIED: 'what has been processed may not be deleted from a topic, which grows',
  UPKEEP_FAILED: 'the cluster cannot be looked after now; it is tried again',
  TIME_IN_SECONDS: 'times seem to be in seconds, and are taken for milliseconds',
  KAFKA_GROUP_UNUSED: 'a source has a group, and without a cluster nobody shares partitions',
  KAFKA_PARTITION_NEW: 'a topic has a new partition, which is read from its beginning',
  STORE_NOT_CLOSED: 'a store could not be closed after the run had failed',
  RUN_FAILED: 'an error that is none of wallarx has ended the run',
  WARNING: 'something that a sink of yours says without a code',
} as const

/** What a line of a run is about. */
export type EventCode = ErrorCode | keyof typeof eventCodes
