import { WallarxError } from '../base/errors.ts'
import { invalidOption } from '../base/option.ts'

/**
 * What zod, valibot, ArkType and others give: a Standard Schema (https://standardschema.dev), version 1.
 *
 * @useDeclaredType
 */
export interface StandardSchema<Output> {
  readonly '~standard': {
    readonly version: 1
    /** Who made it. */
    readonly vendor: string
    /** Gives the value, maybe another one than it was given, or what is wrong with it. Must not give a promise. */
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
  }
}

/** What a schema says of a value. */
export type StandardResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] }

/** One thing that is wrong with a value, and where in it. */
export interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/**
 * What checks each message of a codec; without a schema it takes them as they are. Throws `OPTION_INVALID` where it is
 * no schema. What it returns throws `DECODE_FAILED` with the path to what does not fit, and `OPTION_INVALID` where the
 * schema gives a promise, which ends a run.
 */
export function validator<Message>(schema: StandardSchema<Message> | undefined): (value: unknown) => Message {
  if (schema === undefined) return (value) => value as Message
  const standard = (schema as Partial<StandardSchema<Message>> | null)?.['~standard']
  if (standard?.version !== 1 || typeof standard.validate !== 'function') {
    throw invalidOption('validate', 'a Standard Schema of version 1, such as one of zod or valibot', schema)
  }
  return (value) => {
    const result = standard.validate(value)
    if ('then' in result) throw asynchronous(result)
    if (result.issues === undefined) return result.value
    throw misfit(result.issues)
  }
}

/** Its rejection is seen to here, since nobody else will. */
function asynchronous(promise: Promise<unknown>): WallarxError {
  promise.catch(() => undefined)
  return new WallarxError('OPTION_INVALID', {
    expected:
      'validate to be a schema that answers at once; what asks somebody else belongs in a step, with concurrency',
    got: 'a promise',
  })
}

function misfit([first, ...more]: readonly StandardIssue[]): WallarxError {
  const others = more.length === 0 ? '' : `, and ${more.length} more that ${more.length === 1 ? 'does' : 'do'} not fit`
  return new WallarxError('DECODE_FAILED', {
    expected: 'a message that fits validate',
    got: `${JSON.stringify(first?.message ?? 'no issue that is named')} at ${pathOf(first)}${others}`,
    where: { path: pathOf(first) },
  })
}

/** As an expression: `$.orders[3].total`. */
function pathOf(issue: StandardIssue | undefined): string {
  const keys = (issue?.path ?? []).map((part) => (typeof part === 'object' ? part.key : part))
  return `$${keys.map(stepOf).join('')}`
}

function stepOf(key: PropertyKey): string {
  if (typeof key === 'string' && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)) return `.${key}`
  return typeof key === 'string' ? `[${JSON.stringify(key)}]` : `[${String(key)}]`
}
