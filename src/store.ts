export interface Store {
  readonly name: string
  open(): Promise<OpenStore>
}
export interface Change {
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}
export interface OpenStore {
  get(key: Uint8Array): Buffer | undefined
  range(prefix: Uint8Array): Iterable<{ key: Buffer; value: Buffer }>
  commit(changes: readonly Change[]): Promise<void>
  close(): Promise<void>
}
