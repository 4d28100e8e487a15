// Module resolution as Node's loaders do it: the client is found in test/kafka/node_modules, from wherever it is imported.
const here = new URL('./package.json', import.meta.url).href

export function resolve(specifier, context, next) {
  const ours = specifier === '@confluentinc/kafka-javascript'
  return next(specifier, ours ? { ...context, parentURL: here } : context)
}
