import { invalidOption } from '../base/option.ts'

const onceOnly = 'set by wallarx, because exactly once rests on it'
const own = 'set by wallarx, which works by it'

/** Settings that would be overridden, or would break what is promised: why there is no choice, or where it is. */
const refused: Readonly<Record<string, string>> = {
  'bootstrap.servers': 'the option brokers',
  'metadata.broker.list': 'the option brokers',
  'group.id': 'the option group of kafkaSource',
  'group.protocol': 'the option groupProtocol',
  'session.timeout.ms': 'the option sessionTimeout',
  'transactional.id': 'the option worker',
  'transaction.timeout.ms': 'the option transactionTimeout',
  'socket.timeout.ms': 'the option transactionTimeout',
  'message.timeout.ms': 'the option transactionTimeout',
  'delivery.timeout.ms': 'the option transactionTimeout',
  'auto.offset.reset': 'the option from of kafkaSource',
  'enable.auto.commit': onceOnly,
  'enable.auto.offset.store': onceOnly,
  'enable.idempotence': onceOnly,
  'isolation.level': onceOnly,
  acks: onceOnly,
  'request.required.acks': onceOnly,
  'client.id': own,
  'partition.assignment.strategy': own,
  'heartbeat.interval.ms': own,
  'max.poll.interval.ms': own,
  'enable.partition.eof': own,
  'delivery.report.only.error': own,
  log_level: own,
  dr_cb: own,
  event_cb: own,
  rebalance_cb: own,
}

/** Refuses what is not for a user to set: `OPTION_INVALID`. What the client does not know it refuses itself. */
export function checkSettings(settings: Readonly<Record<string, unknown>> = {}): void {
  for (const [name, value] of Object.entries(settings)) {
    const why = Object.hasOwn(refused, name) ? refused[name] : undefined
    if (why !== undefined) throw invalidOption(`settings['${name}']`, `no such setting: it is ${why}`, value)
  }
}
