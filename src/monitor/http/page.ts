import type { Answer } from './answer.ts'
import { RequestFailure } from './failure.ts'

/** The files of the page, by the path of their address: `/`, `/page/style.css`. `undefined`: there is none. */
export type PageFiles = (path: string) => Answer | undefined

export function pageAnswer(files: PageFiles, path: string): Answer {
  const file = files(path)
  if (file === undefined) throw new RequestFailure('ROUTE_UNKNOWN', 'the page has no such file')
  return file
}
