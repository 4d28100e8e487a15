import { shown } from '../../base/shown.ts'

/** The way into a state, step by step; at most one way at a time, so that walking it allocates nothing. */
export interface StatePath {
  /** Is what lies at `depth` steps the given property, index, or part of a Map or Set? */
  step(depth: number, kind: StepKind, name: unknown): void
  /** The way of this many steps as an expression: `$.orders[3].total`, `$.get("x")`. */
  at(depth: number): string
}

export type StepKind = 'property' | 'index' | 'key' | 'value' | 'member'

export function createStatePath(): StatePath {
  const kinds: StepKind[] = []
  const names: unknown[] = []
  return {
    step(depth, kind, name) {
      kinds[depth] = kind
      names[depth] = name
    },
    at(depth) {
      let text = '$'
      for (let at = 0; at < depth; at++) text += stepText(kinds[at]!, names[at])
      return text
    },
  }
}

function stepText(kind: StepKind, name: unknown): string {
  switch (kind) {
    case 'property':
      if (typeof name === 'symbol') return `[${String(name)}]`
      return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name as string)
        ? `.${name as string}`
        : `[${JSON.stringify(name)}]`
    case 'index':
      return `[${name as number}]`
    case 'key':
      return `.keys()[${name as number}]`
    case 'member':
      return `.values()[${name as number}]`
    case 'value':
      return `.get(${shown(name)})`
  }
}
