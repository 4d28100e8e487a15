import { basename, extname } from 'node:path'
import { isObservable } from 'rxjs'
import { shown } from '../../base/shown.ts'
import type { Messages, RunOptions } from '../../run/contract.ts'
import { isAsyncIterable } from '../../run/subscribeTo.ts'
import { Failure, UsageError } from '../failure.ts'
import { tokenOption } from '../monitor/address.ts'
import type { Exports, Wallarx } from './load.ts'
import { levelledLog } from './log.ts'
import type { RunArguments } from './options.ts'

/**
 * What `run` takes: what the module exports, and what the command line adds. Throws `Failure` where the module exports
 * no pipeline, and `UsageError` where it says itself what the command line says.
 */
export function runOptionsOf(exports: Exports, given: RunArguments, { lmdbStore }: Wallarx): RunOptions {
  const { path, store, monitor, log } = given
  const module = moduleOptions(exports, path)
  for (const option of ['store', 'log'] as const) {
    if (given[option] === undefined || module[option] === undefined) continue
    throw new UsageError(`--${option} stands beside the ${option} that ${path} exports; leave one of them out`)
  }
  const name = module.name ?? nameOf(path)
  const token = tokenOption(undefined)
  return {
    ...module,
    name,
    ...(store !== undefined && { store: lmdbStore(store) }),
    ...(monitor !== undefined && {
      monitor: { ...(token !== undefined && { token }), ...module.monitor, listen: monitor },
    }),
    ...(log !== undefined && { log: levelledLog(name, log) }),
  }
}

type ModuleOptions = Omit<RunOptions, 'name'> & Partial<Pick<RunOptions, 'name'>>

function moduleOptions({ default: main, pipelines, ...others }: Exports, path: string): ModuleOptions {
  if (isPipeline(main)) {
    if (pipelines !== undefined) throw twice(path)
    return { pipelines: { [nameOf(path)]: main } }
  }
  if (main !== undefined && (typeof main !== 'object' || main === null)) {
    throw new Failure(`the default export of ${path} is ${shown(main)}, and no pipeline and nothing that run() takes`)
  }
  const options = (main ?? {}) as Partial<ModuleOptions>
  if (options.pipelines !== undefined && pipelines !== undefined) throw twice(path)
  const all = options.pipelines ?? (pipelines as RunOptions['pipelines'] | undefined)
  if (all === undefined) throw new Failure(`${path} exports no pipelines${exported(others)}. ${advice}`)
  return { ...options, pipelines: all }
}

const advice =
  'It has to say: export const pipelines = { NAME: source.pipe(…, toSink(sink)) }. One that calls run() itself is ' +
  'started with node'

const twice = (path: string): Failure =>
  new Failure(`${path} exports pipelines twice: by that name, and as its default`)

function exported(others: Exports): string {
  const names = Object.keys(others)
  return names.length === 0 ? '' : `, only ${names.join(', ')}`
}

const isPipeline = (value: unknown): value is Messages => isObservable(value) || isAsyncIterable(value)

/** `app` of `src/app.ts`. */
const nameOf = (path: string): string => basename(path, extname(path))
