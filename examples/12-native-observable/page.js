// The page's program: clicks of the browser's own Observable through RxJS and our operators, back into a native one.
import { bufferCount } from 'rxjs'
import { statePartition } from 'wallarx'
import { fromNativeObservable, toNativeObservable } from 'wallarx/native'
import { toStatePartition } from 'wallarx/operators'

const clicksOf = statePartition('clicks', {
  key: (/** @type {Event} */ { target }) => Number(target.dataset.product),
  build: () => ({ count: 0 }),
})

// in: native → RxJS
const lines = fromNativeObservable(document.body.when('click').filter(({ target }) => target.matches('button'))).pipe(
  toStatePartition(({ target }, state) => [`${target.textContent} ${++state.count}`, true], clicksOf),
  bufferCount(2),
)

// out: RxJS → native. The signal ends all of it, up to the listener of `when`.
const controller = new AbortController()
toNativeObservable(lines)
  .map((pair) => pair.join(', '))
  .subscribe(
    (line) => document.querySelector('ul').append(Object.assign(document.createElement('li'), { textContent: line })),
    {
      signal: controller.signal,
    },
  )
document.querySelector('#stop').addEventListener('click', () => controller.abort())
