import fc from 'fast-check'

/** `fc.record` of ordinary objects, which read well where a broken law shows them. */
export const recordOf = <Fields>(fields: {
  [Name in keyof Fields]: fc.Arbitrary<Fields[Name]>
}): fc.Arbitrary<Fields> => fc.record(fields, { noNullPrototype: true })
