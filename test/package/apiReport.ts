/** The public API as a report for each entry point: `npm run api` writes them, a test holds the package to them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'

/** Reports by name, and the declarations each is made of. */
export const entryPoints: Readonly<Record<string, string>> = {
  wallarx: 'dist/src/index.d.ts',
  operators: 'dist/operators/index.d.ts',
  'operators-ix': 'dist/operators/ix/index.d.ts',
  kafka: 'dist/src/kafka/index.d.ts',
  native: 'dist/src/native/index.d.ts',
  testing: 'dist/src/testing/index.d.ts',
}

/** The report of one entry point, from what is built in `root`. */
export function apiReport(root: string, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'wallarx-api-'))
  try {
    mkdirSync(join(folder, 'temp'))
    const silent = { default: { logLevel: ExtractorLogLevel.None } }
    const config = ExtractorConfig.prepare({
      configObject: {
        projectFolder: root,
        mainEntryPointFilePath: join(root, entryPoints[name]!),
        compiler: { tsconfigFilePath: join(root, 'tsconfig.build.json') },
        apiReport: {
          enabled: true,
          reportFolder: folder,
          reportTempFolder: join(folder, 'temp'),
          reportFileName: name,
        },
        newlineKind: 'lf',
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        messages: {
          extractorMessageReporting: silent,
          tsdocMessageReporting: silent,
          compilerMessageReporting: silent,
        },
      },
      configObjectFullPath: undefined,
      packageJsonFullPath: join(root, 'package.json'),
    })
    Extractor.invoke(config, { localBuild: true, messageCallback: (message) => (message.handled = true) })
    return readFileSync(join(folder, `${name}.api.md`), 'utf8')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
