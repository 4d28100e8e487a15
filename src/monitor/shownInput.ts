/* The beginning of what could not be used, as text: in a time and room that do not grow with it. */

/** How much of it is shown. */
export const longest = 256 // bytes, or characters of JSON

/** The beginning of what is no bytes, of its JSON where it is no text; never throws. */
export function inputShown(input: unknown): string {
  if (input === undefined) return ''
  if (typeof input === 'string') return printable(input.slice(0, longest))
  const json = { text: '' }
  try {
    writeJson(input, json, 0)
  } catch {
    json.text += '…' // a getter that throws
  }
  return printable(json.text.slice(0, longest))
}

const beginning = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, longest))

/** Control characters, which a terminal would obey, and halves of characters become �. */
export const printable = (text: string): string =>
  text.replace(/\p{Surrogate}/gu, '�').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '�')

const deepest = 8

/** Stops when there is enough: what is left of a large object is not looked at. */
function writeJson(value: unknown, json: { text: string }, depth: number): void {
  if (json.text.length >= longest) return
  if (typeof value === 'string') json.text += JSON.stringify(value.slice(0, longest))
  else if (typeof value === 'bigint') json.text += `${value}n`
  else if (typeof value !== 'object' || value === null) json.text += String(value)
  else if (depth === deepest) json.text += '…'
  else if (value instanceof Uint8Array) json.text += `"${beginning(value).toString('hex')}"`
  else if (value instanceof Date) json.text += JSON.stringify(value)
  else if (Symbol.iterator in value) writeItems(value as Iterable<unknown>, json, depth)
  else writeFields(value, json, depth)
}

function writeItems(items: Iterable<unknown>, json: { text: string }, depth: number): void {
  json.text += '['
  let isFirst = true
  for (const item of items) {
    if (!isFirst) json.text += ','
    isFirst = false
    writeJson(item, json, depth + 1)
    if (json.text.length >= longest) return
  }
  json.text += ']'
}

function writeFields(value: object, json: { text: string }, depth: number): void {
  json.text += '{'
  let isFirst = true
  for (const name in value) {
    if (!Object.hasOwn(value, name)) continue
    json.text += `${isFirst ? '' : ','}${JSON.stringify(name.slice(0, longest))}:`
    isFirst = false
    writeJson((value as Record<string, unknown>)[name], json, depth + 1)
    if (json.text.length >= longest) return
  }
  json.text += '}'
}
