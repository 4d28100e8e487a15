import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import type { KafkaClient } from '../../kafka/client.ts'
import { Failure } from '../failure.ts'
import { findApplication } from './application.ts'
import { timeout } from './connection.ts'

/** What a reset deletes, and what it leaves. */
export interface ResetPlan {
  readonly groups: readonly string[]
  /** The last one is what an application is known by: as long as it is there, the reset can be finished. */
  readonly topics: readonly string[]
  /** Input topics, as far as they are known. */
  readonly staying: readonly string[]
}

/** Deletes what an application has on Kafka, after asking if it is to be asked; resolves to the exit code. */
export async function resetApplication(client: KafkaClient, application: string, isSure: boolean): Promise<number> {
  const plan = await planReset(client, application)
  if (!isSure) {
    console.log(`To be deleted, with everything that ${application} has counted and remembered:`)
    for (const line of shownPlan(plan)) console.log(line)
    if (!(await confirmed('Delete all this? yes or no: '))) {
      console.log('nothing was deleted')
      return 1
    }
  }
  await carryOut(client, plan)
  console.log(isSure ? `${application} begins anew. Deleted:` : `deleted; ${application} begins anew`)
  if (isSure) for (const line of shownPlan(plan)) console.log(line)
  const inputs = plan.staying.length === 0 ? '' : ` (${plan.staying.join(', ')})`
  console.log(`What stays: input topics${inputs} and output topics, with all that is in them.`)
  console.log('Not known here: groups that a source was given with its option group.')
  console.log('Local caches of workers are of no use any more: they are dropped at the next start.')
  return 0
}

/** Finds what is to be deleted. Rejects with a `Failure` while workers run. */
export async function planReset(client: KafkaClient, application: string): Promise<ResetPlan> {
  const { workers, partitions, inputs, groups } = await findApplication(client, application)
  const own = [...partitions.map(({ group }) => group), ...inputs]
  const running = own.filter(({ members }) => members.length > 0)
  if (running.length > 0) {
    const who = new Set(running.flatMap(({ members }) => members.map((member) => member.client)))
    throw new Failure(
      `workers of ${application} are running: ${[...who].sort().join(', ')} (in ${running[0]!.name}). ` +
        'Stop them first; one that was killed counts until its session is over, 6 s by default',
    )
  }
  const names = own.flatMap(({ name }) => (groups.has(name) ? [name] : []))
  const committed = await Promise.all(
    inputs.flatMap(({ name }) => (groups.has(name) ? [client.committedOf(name, timeout)] : [])),
  )
  return {
    groups: names,
    topics: [
      ...partitions.flatMap(({ exchange, changelog }) => [exchange?.name ?? [], changelog?.name ?? []].flat()),
      workers.name,
    ],
    staying: [...new Set(committed.flat().map(({ topic }) => topic))].sort(),
  }
}

/** Groups first: a worker that joins meanwhile makes it fail while nothing of the state is gone. */
export async function carryOut(client: KafkaClient, { groups, topics }: ResetPlan): Promise<void> {
  for (const group of groups) await client.deleteGroups([group], timeout)
  for (const topic of topics) await client.deleteTopics([topic], timeout)
}

const shownPlan = ({ groups, topics }: ResetPlan): string[] => [
  ...topics.map((topic) => `  topic  ${topic}`),
  ...groups.map((group) => `  group  ${group}`),
]

async function confirmed(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    const asked = terminal.question(question).catch(() => '') // Ctrl-C
    const answer = await Promise.race([asked, once(terminal, 'close').then(() => '')]) // Ctrl-D
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}
