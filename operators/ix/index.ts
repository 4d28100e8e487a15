/**
 * The same operators over AsyncIterable, for the `pipe` of ix.
 *
 * @module wallarx/operators/ix
 */
export {}
