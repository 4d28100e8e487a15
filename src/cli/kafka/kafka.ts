/* `wallarx kafka`: what an application has on Kafka, and how it begins anew. */

import { parseArgs } from 'node:util'
import { WallarxError } from '../../base/errors.ts'
import { checkSettings } from '../../kafka/settings.ts'
import type { Command } from '../command.ts'
import { UsageError } from '../failure.ts'
import { numberOption } from '../options.ts'
import { withClient, type Connection } from './connection.ts'
import { createTopics } from './create.ts'
import { printOverview } from './overview.ts'
import { resetApplication } from './reset.ts'

const help = `wallarx kafka: shows what an application has on Kafka, lets it begin anew, and makes topics

  wallarx kafka topics APP --brokers B       its topics and groups, who owns which shard, and what waits there
  wallarx kafka reset APP --brokers B        deletes its topics and groups, so that it begins anew
  wallarx kafka create TOPIC … --brokers B --partitions N
                                             makes the topics that are not there

  APP                    the name of the application, as run is given it
  TOPIC                  an input or output of a program; those between its steps it makes by itself

  --brokers B            addresses of one broker or more: host:9092,other:9092
  --settings NAME=VALUE  a setting of the client, librdkafka, by its name: security.protocol=ssl. As often as wanted
  --json                 topics: as JSON
  --yes                  reset: without asking
  --partitions N         create: of each topic
  --replication N        create: replicas of each partition. Default: the broker's
  --help                 this text

In topics, the lag of a shard is what its exchange topic holds beyond what has been processed; the marks that end
transactions count, so that a few are left where nothing waits. The changelog of a shard is what has to be read by who
takes it over, until Kafka compacts it.

reset refuses while workers run. It deletes the exchange and changelog topics, the topic of the workers, and what has
been committed of input topics, so that these are read from their beginning again. It never deletes an input or output
topic, nor what has been written to one. A reset that was interrupted is finished by another one.

Wants the package @confluentinc/kafka-javascript beside wallarx.

Exit code: 0 when it is done, 1 when it could not be, 2 for wrong arguments.`

/** `wallarx kafka` */
export const kafka: Command = {
  help,
  run: runKafka,
}

/** Options that one of them takes. */
const owners = { json: 'topics', yes: 'reset', partitions: 'create', replication: 'create' } as const

async function runKafka(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      brokers: { type: 'string' },
      settings: { type: 'string', multiple: true },
      json: { type: 'boolean' },
      yes: { type: 'boolean' },
      partitions: { type: 'string' },
      replication: { type: 'string' },
    },
  })
  const [what, ...names] = positionals
  if (what !== 'topics' && what !== 'reset' && what !== 'create') {
    throw new UsageError(`expected topics, reset or create, got ${what === undefined ? 'nothing' : `"${what}"`}`)
  }
  for (const [option, owner] of Object.entries(owners)) {
    if (option in values && owner !== what) throw new UsageError(`--${option} is for ${owner} only`)
  }
  if (what === 'create') {
    const { partitions, replication } = values
    if (names.length === 0 || names.includes('')) throw new UsageError('TOPIC is missing, the name of a topic')
    if (partitions === undefined) throw new UsageError('--partitions is missing, how many each topic has')
    const shape = {
      partitions: numberOption('partitions', partitions, { least: 1 })!,
      replication: numberOption('replication', replication, { least: 1 }),
    }
    return withClient(connection(values), (client) => createTopics(client, names, shape))
  }
  const [application, ...more] = names
  if (application === undefined || application === '')
    throw new UsageError('APP is missing, the name of an application')
  if (more.length > 0) throw new UsageError(`expected APP, got "${more[0]!}" too`)
  if (what === 'topics') {
    return withClient(connection(values), (client) => printOverview(client, application, values.json === true))
  }
  const isSure = values.yes === true
  if (!isSure && !process.stdin.isTTY) throw new UsageError('reset wants --yes where nobody can be asked')
  return withClient(connection(values), (client) => resetApplication(client, application, isSure))
}

/** What a connection is made of. Throws `UsageError`. */
function connection({ brokers, settings = [] }: { brokers?: string; settings?: string[] }): Connection {
  const addresses = (brokers ?? '').split(',').filter((address) => address !== '')
  if (addresses.length === 0) throw new UsageError('--brokers is missing, such as --brokers localhost:9092')
  const named = settings.map((setting) => {
    const at = setting.indexOf('=')
    if (at < 1) throw new UsageError(`--settings wants NAME=VALUE, not "${setting}"`)
    return [setting.slice(0, at), setting.slice(at + 1)] as const
  })
  try {
    checkSettings(Object.fromEntries(named))
  } catch (error) {
    if (!(error instanceof WallarxError)) throw error
    throw new UsageError(`--settings: expected ${error.expected}`)
  }
  return { brokers: addresses, settings: Object.fromEntries(named) }
}
