import { WallarxError } from '../base/errors.ts'
import { invalidOption, timerLength, type OptionNames } from '../base/option.ts'
import type { KafkaClient } from './client.ts'
import { confluentClient, type ConfluentOptions } from './confluent/confluent.ts'
import { checkSettings } from './settings.ts'

/** Where a Kafka is, and how to speak with it. */
export interface KafkaConnection {
  /** Addresses of one broker or more: `'host:9092'` */
  readonly brokers: string | readonly string[]
  /**
   * Further settings of the client, librdkafka, by its names for them: `security.protocol`, `compression.type` … Those
   * that are options, or that exactly once rests on, are `OPTION_INVALID`. Default: none
   */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
}

/** The Kafka of one source or sink. On a cluster it is the cluster's, and another one is `OPTION_INVALID`. */
export interface KafkaEndpointConnection extends Partial<KafkaConnection> {
  /** Milliseconds that a call to Kafka may take. Default: 30,000, or the cluster's */
  readonly timeout?: number
}

/** The names of these options. */
export const connectionOptions: OptionNames<KafkaEndpointConnection> = { brokers: true, settings: true, timeout: true }

/** Makes a client; a simulated one in tests. */
export type Connect = (options: ConfluentOptions) => Promise<KafkaClient>

export const connectReal: Connect = confluentClient

/** A Kafka that is spoken with. */
export interface Connection {
  readonly brokers: readonly string[]
  readonly settings: NonNullable<KafkaConnection['settings']>
  /** In ms. */
  readonly timeout: number
}

export const defaultTimeout = 30_000

/** Checks where Kafka is. Throws `OPTION_INVALID`. */
export function brokerList(brokers: KafkaConnection['brokers']): readonly string[] {
  const all: readonly unknown[] = typeof brokers === 'string' ? brokers.split(',') : brokers
  if (!Array.isArray(all) || all.length === 0 || !all.every((one) => typeof one === 'string' && one !== '')) {
    throw invalidOption('brokers', "addresses of brokers, such as 'localhost:9092'", brokers)
  }
  return all as readonly string[]
}

/** Checks the options of a connection. Throws `OPTION_INVALID`. */
export function checkConnection({ brokers, settings, timeout }: KafkaEndpointConnection): void {
  if (brokers !== undefined) brokerList(brokers)
  checkSettings(settings)
  if (timeout !== undefined) timerLength('timeout', timeout)
}

/** A connection of its own. Throws `OPTION_INVALID` where there is none. */
export function ownConnection(what: string, options: KafkaEndpointConnection): Connection {
  const { brokers, settings = {}, timeout = defaultTimeout } = options
  if (brokers === undefined) {
    throw new WallarxError('OPTION_INVALID', {
      expected: `${what} to run with the option cluster: kafka(…) of run, or to have the option brokers`,
      got: 'a run without it',
    })
  }
  return { brokers: brokerList(brokers), settings, timeout }
}

/** Throws `OPTION_INVALID` where a source or sink on a cluster wants another Kafka than the cluster's. */
export function checkIsOf(cluster: Connection, what: string, options: KafkaEndpointConnection): void {
  const { brokers, settings, timeout } = options
  const differs = (option: string, own: unknown, ofCluster: unknown): void => {
    if (own === undefined || sameWords(own) === sameWords(ofCluster)) return
    throw invalidOption(`${option} of ${what}`, 'those of the cluster that it runs on, or left out', own)
  }
  differs('brokers', brokers && brokerList(brokers), cluster.brokers)
  differs('settings', settings, cluster.settings)
  differs('timeout', timeout, cluster.timeout)
}

/** The same for the same addresses in another order, and for the same settings. */
function sameWords(value: unknown): string {
  if (Array.isArray(value)) return JSON.stringify([...(value as string[])].sort())
  if (typeof value === 'object' && value !== null) return JSON.stringify(Object.entries(value).map(String).sort())
  return JSON.stringify(value)
}

/** The client's own default. */
const largestByDefault = 1_000_000

/** What the client counts for a record besides its parts. */
const overhead = 36

/** Bytes of the parts of the largest record that the client sends. */
export const largestRecord = ({ settings }: Pick<Connection, 'settings'>): number =>
  Number(settings['message.max.bytes'] ?? largestByDefault) - overhead
