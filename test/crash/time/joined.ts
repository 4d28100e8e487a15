import { connect, filter, type Observable } from 'rxjs'
import { hashOf } from 'wallarx'
import { joinWithin } from 'wallarx/operators'
import { disorder, runOnFiles, type Said } from './said.ts'

// Long words are joined with short ones of the same letter that come within 20 ms; those that meet none are told, too.

const isLong = ({ word }: Said): boolean => word.length > 6
const side = { key: hashOf(({ word }: Said) => word[0] ?? ''), at: ({ at }: Said) => at }

await runOnFiles(
  'Joined',
  connect((words: Observable<Said>) =>
    words.pipe(
      filter(isLong),
      joinWithin(words.pipe(filter((word) => !isLong(word))), {
        name: 'pairs',
        left: side,
        right: side,
        before: 5,
        after: 20,
        outOfOrder: disorder,
        late: ({ word, at }: Said) => `${at} late ${word}\n`,
        unmatched: true,
        combine: (left, right) => `${left.at} ${left.word} ${right?.word ?? '-'}\n`,
      }),
    ),
  ),
)
