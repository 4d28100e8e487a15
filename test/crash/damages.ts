import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/** What was done to a directory. */
export interface Damage {
  readonly what: string
  /** The file that was changed, from this byte on; up to its end, or not. */
  readonly file: string
  readonly from: number
  readonly toEnd: boolean
}

type Harm = (file: string, pick: (below: number) => number) => Omit<Damage, 'file'>

const page = 4096

/** Changes bytes of a file in place. */
const overwrite = (path: string, from: number, bytes: Buffer): void => {
  const content = readFileSync(path)
  bytes.copy(content, from)
  writeFileSync(path, content)
}

const flip = (path: string, at: number, bit: number): void => {
  overwrite(path, at, Buffer.from([readFileSync(path)[at]! ^ (1 << bit)]))
}

const flipAnywhere: Harm = (path, pick) => {
  const at = pick(statSync(path).size)
  const bit = pick(8)
  flip(path, at, bit)
  return { what: `bit ${bit} of byte ${at} flipped`, from: at, toEnd: false }
}

/** Where LMDB has what it follows without looking: the beginnings of pages. */
const flipBeginning: Harm = (path, pick) => {
  const { size } = statSync(path)
  const at = Math.min(size - 1, pick(Math.ceil(size / page)) * page + pick(180))
  const bit = pick(8)
  flip(path, at, bit)
  return { what: `bit ${bit} of byte ${at} flipped`, from: at, toEnd: false }
}

const flipSeveral: Harm = (path, pick) => {
  const { size } = statSync(path)
  const places = Array.from({ length: 2 + pick(8) }, () => pick(size)).sort((a, b) => a - b)
  for (const at of places) flip(path, at, pick(8))
  return { what: `bits of bytes ${places.join(' ')} flipped`, from: places[0]!, toEnd: false }
}

const cut: Harm = (path, pick) => {
  const { size } = statSync(path)
  const length = pick(2) === 0 ? pick(size) : pick(Math.ceil(size / page)) * page
  truncateSync(path, length)
  return { what: `cut to ${length} bytes`, from: length, toEnd: true }
}

const zero: Harm = (path, pick) => {
  const { size } = statSync(path)
  const unit = [1, 512, page][pick(3)]!
  const from = pick(Math.ceil(size / unit)) * unit
  const length = Math.min((1 + pick(4)) * unit, size - from)
  overwrite(path, from, Buffer.alloc(length))
  return { what: `${length} bytes from ${from} on zeroed`, from, toEnd: from + length === size }
}

const garble: Harm = (path, pick) => {
  const { size } = statSync(path)
  const from = pick(size)
  const length = Math.min(1 + pick(200), size - from)
  overwrite(path, from, Buffer.from(Array.from({ length }, () => pick(256))))
  return { what: `${length} bytes from ${from} on garbled`, from, toEnd: false }
}

/** A page that was written to the place of another one. */
const misplace: Harm = (path, pick) => {
  const content = readFileSync(path)
  const pages = Math.max(1, Math.floor(content.length / page))
  const [source, target] = [pick(pages), pick(pages)]
  overwrite(path, target * page, content.subarray(source * page, (source + 1) * page))
  return { what: `page ${source} written to page ${target}`, from: target * page, toEnd: false }
}

const append: Harm = (path, pick) => {
  const { size } = statSync(path)
  appendFileSync(path, Buffer.from(Array.from({ length: 1 + pick(10_000) }, () => pick(256))))
  return { what: 'garbage behind it', from: size, toEnd: true }
}

const harms: readonly Harm[] = [
  ...[flipAnywhere, flipAnywhere, flipAnywhere, flipAnywhere, flipBeginning, flipBeginning, flipBeginning],
  ...[flipSeveral, cut, zero, zero, garble, misplace, append],
]

/** What is in the place of a file, or of none. */
const replacements: Record<string, (path: string) => void> = {
  'is removed': () => undefined,
  'is empty': (path) => {
    writeFileSync(path, '')
  },
  'is a directory': (path) => {
    mkdirSync(path)
  },
  'is a named pipe': (path) => {
    execFileSync('mkfifo', [path])
  },
  'leads nowhere': (path) => {
    symlinkSync('/nowhere/at/all', path)
  },
  'is garbage': (path) => {
    writeFileSync(path, Buffer.alloc(10_000, 'garbage'))
  },
}
const strangers = ['log-3', 'log-99999', 'log-99999999999999999999', 'owner-88', 'owner-99999999999999999999', 'core']

/** Damages a store's directory: `data.mdb` three times of four. `pick` gives a whole number below another one. */
export function damageDirectory(directory: string, older: string, pick: (below: number) => number): Damage {
  const kind = pick(20)
  const others = readdirSync(directory).filter((name) => name !== 'data.mdb')
  const file = pick(4) > 0 ? 'data.mdb' : others[pick(others.length)]!
  const path = join(directory, file)
  if (kind === 0) {
    const names = [...readdirSync(directory), ...strangers, 'wallarx-store.json.new']
    const name = names[pick(names.length)]!
    const [what, replace] = Object.entries(replacements)[pick(Object.keys(replacements).length)]!
    rmSync(join(directory, name), { force: true })
    replace(join(directory, name))
    return { what, file: name, from: 0, toEnd: true }
  }
  if (kind === 1) return { ...staleDataPage(directory, older, pick), file: 'data.mdb' }
  if (statSync(path).size === 0) return { ...append(path, pick), file }
  return { ...harms[pick(harms.length)]!(path, pick), file }
}

/** A page that was not written: what it had before is still there. */
function staleDataPage(directory: string, older: string, pick: (below: number) => number): Omit<Damage, 'file'> {
  const before = readFileSync(join(older, 'data.mdb'))
  const number = pick(Math.floor(before.length / page))
  overwrite(join(directory, 'data.mdb'), number * page, before.subarray(number * page, (number + 1) * page))
  return { what: `page ${number} as it was before`, from: number * page, toEnd: false }
}

/** A copy in place of whatever is there. */
export function copyStore(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  cpSync(from, `${to}.new`, { recursive: true })
  renameSync(`${to}.new`, to)
}
