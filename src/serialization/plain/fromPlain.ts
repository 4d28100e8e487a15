import { stateEntries } from '../../state/entries.ts'
import { StateMap } from '../../state/stateMap.ts'
import { StateSet } from '../../state/stateSet.ts'
import { ofBytes } from './bytes.ts'
import { fix } from './ownProperties.ts'
import { tags, type OnRestore } from './plainForm.ts'

/** The state whose plain form this is; takes it apart and uses its parts. Throws anything where it is none. */
export function fromPlain(form: unknown, onRestore: OnRestore): unknown {
  const met: object[] = []

  const meet = <Value extends object>(value: Value): Value => {
    met.push(value)
    return value
  }

  const restore = (plain: unknown): unknown => {
    if (typeof plain !== 'object' || plain === null) return plain
    switch (Object.getPrototypeOf(plain)) {
      case Object.prototype:
        return restoreRecord(meet(plain as Record<string, unknown>))
      case Array.prototype:
        return restoreArray(meet(plain as unknown[]))
      case Date.prototype:
      case Buffer.prototype:
        return meet(plain)
      case Set.prototype: {
        const [parts] = plain as Set<unknown[]>
        return restoreSpecial(parts!)
      }
      default:
        throw new TypeError('an object that is never packed')
    }
  }

  const restoreRecord = (plain: Record<string, unknown>): unknown => {
    for (const name of Object.keys(plain)) {
      const part = plain[name]
      if (typeof part === 'object' && part !== null) plain[name] = restore(part)
    }
    return plain
  }

  const restoreArray = (plain: unknown[]): unknown => {
    for (let at = 0; at < plain.length; at++) {
      const part = plain[at]
      if (typeof part !== 'object' || part === null) continue
      const restored = restore(part)
      if (restored === hole) Reflect.deleteProperty(plain, at)
      else plain[at] = restored
    }
    return plain
  }

  const restoreSpecial = (parts: unknown[]): unknown => {
    switch (parts[0]) {
      case tags.reference: {
        const shared = met[parts[1] as number]
        if (shared === undefined) throw new RangeError('a reference to an object that is not there')
        return shared
      }
      case tags.set: {
        const set = meet(new Set())
        for (let at = 1; at < parts.length; at++) set.add(restore(parts[at]))
        return set
      }
      case tags.map: {
        const map = meet(new Map())
        for (let at = 1; at < parts.length; at += 2) map.set(restore(parts[at]), restore(parts[at + 1]))
        return map
      }
      case tags.object: {
        const object = meet((parts[1] === true ? Object.create(null) : {}) as object)
        for (let at = 2; at < parts.length; at += 2) {
          // An assignment to "__proto__" would set the prototype.
          Object.defineProperty(object, restore(parts[at]) as string, {
            value: restore(parts[at + 1]),
            configurable: true,
            enumerable: true,
            writable: true,
          })
        }
        return object
      }
      case tags.hole:
        return hole
      case tags.negativeZero:
        return -0
      case tags.utf16:
        return (parts[1] as Buffer).toString('utf16le')
      case tags.bytes:
        return meet(ofBytes(parts[1] as string, parts[2] as Buffer))
      case tags.regExp: {
        const expression = meet(new RegExp(restore(parts[1]) as string, parts[2] as string))
        expression.lastIndex = restore(parts[3]) as number
        return expression
      }
      case tags.fixed: {
        const fixed = restore(parts[2]) as object
        fix(fixed, parts[1] as number)
        return fixed
      }
      case tags.stateMap:
        return restoreEntries(new StateMap(), parts)
      case tags.stateSet:
        return restoreEntries(new StateSet(), parts)
      default:
        throw new RangeError('a tag that is never packed')
    }
  }

  const restoreEntries = (whole: StateMap<never, unknown> | StateSet<never>, parts: unknown[]): unknown => {
    const [, id, size, nextOrder] = parts as number[]
    onRestore(whole[stateEntries], { id: id!, size: size!, nextOrder: nextOrder! })
    return meet(whole)
  }

  const restored = restore(form)
  if (restored === hole) throw new RangeError('a hole outside an array')
  return restored
}

const hole = Symbol('hole')
