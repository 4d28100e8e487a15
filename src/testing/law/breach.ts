/**
 * What the `holds` of a law throws where the law does not hold; anything else it throws counts as a breach, too. Its
 * message is a noun phrase, what was found in place of what the law says, and may be of several lines; its cause
 * becomes that of the `LAW_BROKEN`.
 *
 * @example
 * ```ts
 * import { Breach } from 'wallarx/testing'
 *
 * assert.equal(new Breach('7 outputs of 6 messages').message, '7 outputs of 6 messages')
 * ```
 */
export class Breach extends Error {
  override readonly name = 'Breach'
}
