import type { Answer, Question } from './child.ts'

/** Answers the questions of the process that started this one, and ends with it. */
export function answer(answers: Readonly<Record<string, (...details: never[]) => unknown>>): void {
  const answerTo = async ({ question, details }: Question): Promise<Answer> => {
    try {
      return { answer: await answers[question]!(...(details as never[])) }
    } catch (error) {
      return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    }
  }
  process.on('message', (question: Question) => {
    void answerTo(question).then((answered) => {
      if (process.connected) process.send!(answered)
    })
  })
  process.once('disconnect', () => process.exit(0))
}
