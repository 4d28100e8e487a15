import { expect, test } from 'vitest'
import { kafka } from 'wallarx/kafka'

const withSetting = (name: string, value: string | number | boolean) =>
  kafka({ brokers: 'localhost:9092', settings: { [name]: value } })

test.each([
  ['enable.auto.commit', true, 'exactly once'],
  ['acks', 0, 'exactly once'],
  ['enable.idempotence', false, 'exactly once'],
  ['isolation.level', 'read_uncommitted', 'exactly once'],
  ['group.id', 'mine', 'the option group of kafkaSource'],
  ['session.timeout.ms', 1, 'the option sessionTimeout'],
  ['bootstrap.servers', 'other:9092', 'the option brokers'],
  ['event_cb', false, 'set by wallarx'],
])('the setting %s is refused, with the reason', (name, value, why) => {
  expect(() => withSetting(name, value)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  expect(() => withSetting(name, value)).toThrow(name)
  expect(() => withSetting(name, value)).toThrow(why)
})

test.each([
  ['security.protocol', 'sasl_ssl'],
  ['compression.type', 'zstd'],
  ['linger.ms', 10],
  ['toString', 'which the client refuses'],
])('the setting %s is passed on', (name, value) => {
  expect(withSetting(name, value).name).toBe('kafka localhost:9092')
})
