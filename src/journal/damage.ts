import { WallarxError } from '../base/errors.ts'

/** Bytes of a journal that are not, or no more, what was written. */
export interface JournalDamage {
  readonly file: string
  /** The byte in the file where it begins. */
  readonly offset: number
  /** The log position where it begins. */
  readonly position: number
  /** The log position where whole records follow. */
  readonly positionAfter: number
  /** What is wrong, as a noun phrase. */
  readonly found: string
}

export function journalDamaged({ file, offset, position, positionAfter, found }: JournalDamage): WallarxError {
  return new WallarxError('JOURNAL_DAMAGED', {
    expected: `the journal's records in ${file} from byte ${offset} (log position ${position}) on`,
    got:
      `${found}; to go on without what is lost, up to log position ${positionAfter}, open the journal with ` +
      `onDamage: 'skip', or remove its directory to go on without all that is in it`,
  })
}

export function journalChanged(directory: string, got: string): WallarxError {
  return new WallarxError('JOURNAL_CHANGED', {
    expected: `in ${directory} the journal that the store has a position in`,
    got:
      `${got}, which is left as it is; put that journal back, or go on from the start of what is there under another ` +
      'name (option name)',
  })
}

export function journalPositionGone(expected: string, got: string): WallarxError {
  return new WallarxError('JOURNAL_POSITION_GONE', { expected, got })
}
