/**
 * How far a source has been consumed or a sink has been written, as that source or sink counts it: bytes of a file, offset in
 * a journal. A checkpoint keeps positions and gives them back when the source or sink is opened again.
 */
export type Position = number
