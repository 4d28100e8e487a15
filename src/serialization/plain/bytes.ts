import { propertyBeside, propertyBesideBytes, type OddProperty } from './ownProperties.ts'

/** Classes of bytes by name. The machine may have one that another has not: Float16Array. */
const byteClasses = [
  'ArrayBuffer',
  'DataView',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float16Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
] as const

type ByteClass = new (bytes: ArrayBuffer) => ArrayBuffer | ArrayBufferView

function byteClass(name: string): ByteClass | undefined {
  if (!(byteClasses as readonly string[]).includes(name)) return undefined
  return (globalThis as unknown as Record<string, ByteClass | undefined>)[name]
}

/** The name of the class of bytes that has this prototype. */
export function bytesClassOf(prototype: unknown): string | undefined {
  if (prototype === Buffer.prototype) return 'Buffer'
  return byteClasses.find((name) => byteClass(name)?.prototype === prototype)
}

export function bytesOf(value: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value)
}

/**
 * What such a value has besides its bytes. Where its bytes are does not belong to it: they come back in memory of their
 * own.
 */
export function oddBytes(value: ArrayBuffer | ArrayBufferView): OddProperty | undefined {
  const memory = ArrayBuffer.isView(value) ? value.buffer : value
  if (!(memory instanceof ArrayBuffer)) return { name: 'buffer', got: 'memory that is shared with other threads' }
  if ((memory as ArrayBuffer & { readonly resizable?: boolean }).resizable === true) {
    return { name: ArrayBuffer.isView(value) ? 'buffer' : 'resizable', got: 'memory whose length can be changed' }
  }
  if (!ArrayBuffer.isView(value) || value instanceof DataView) return propertyBeside(value)
  const view = value as ArrayBufferView & ArrayLike<unknown>
  if (Buffer.isBuffer(view)) return propertyBesideBytes(view, Buffer.from(memory, view.byteOffset, view.byteLength))
  const { constructor: Class } = Object.getPrototypeOf(view) as {
    constructor: new (...on: [ArrayBuffer, number, number]) => object
  }
  return propertyBesideBytes(view, new Class(memory, view.byteOffset, view.length))
}

/** A value of that class on a copy of the bytes. */
export function ofBytes(name: string, bytes: Buffer): ArrayBuffer | ArrayBufferView {
  const Class = byteClass(name)
  if (Class === undefined) throw new RangeError(`the class ${name}, which this version of Node does not have`)
  const copy = new Uint8Array(bytes).buffer
  return name === 'ArrayBuffer' ? copy : new Class(copy)
}
