import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import * as ix from '../../../operators/ix/index.ts'
import * as rx from '../../../operators/index.ts'

/** The signatures of an operator, with all overloads. */
function signatures(folder: string, name: string): string[] {
  const places = ['', 'time'].map((room) => join(import.meta.dirname, '../../..', folder, room, `${name}.ts`))
  const file = places.find(existsSync)!
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true)
  const printer = ts.createPrinter({ removeComments: true })
  return source.statements.filter(ts.isFunctionDeclaration).map((declared) => {
    const { modifiers, name, typeParameters, parameters, type } = declared
    const { factory } = ts
    const bodiless = factory.createFunctionDeclaration(
      modifiers,
      undefined,
      name,
      typeParameters,
      parameters,
      type,
      undefined,
    )
    return printer.printNode(ts.EmitHint.Unspecified, bodiless, source)
  })
}

test('there are the same operators', () => {
  expect(Object.keys(ix)).toEqual(Object.keys(rx))
})

test.each(Object.keys(rx))('%s has the signatures of its twin', (name) => {
  const pushed = signatures('operators', name)
  expect(pushed.length).toBeGreaterThan(0)
  expect(
    signatures('operators/ix', name).map((text) =>
      text.replaceAll('OperatorAsyncFunction<', 'OperatorFunction<').replaceAll('AsyncIterable<', 'Observable<'),
    ),
  ).toEqual(pushed)
})
