// Apicurio Registry from Maven: a schema registry with the API of Confluent, in memory, on a port of its own.
import { spawn } from 'node:child_process'

import { ended, freePort, started } from '../kafka/server-process.ts'
import { cacheFolder, fetchOnce, hasCommand } from '../kafka/toolchain.ts'

const APICURIO = '3.0.9'
const JAR = `apicurio-registry-app-${APICURIO}-runner.jar`

/** The folder of the program, fetched once. @returns `missing` says why there is none */
export function apicurio(): { readonly folder: string } | { readonly missing: string } {
  if (!hasCommand('java', '-version')) return { missing: 'java is not installed' }
  if (!hasCommand('mvn')) return { missing: 'mvn is not installed' }
  const folder = cacheFolder(`apicurio-registry-${APICURIO}`)
  const artifact = `-Dartifact=io.apicurio:apicurio-registry-app:${APICURIO}:zip:all`
  const goal = ['-q', '-B', 'dependency:unpack', artifact, '-DoutputDirectory=app']
  const missing = fetchOnce(folder, 'mvn', goal)
  return missing === null ? { folder: `${folder}/app` } : { missing }
}

/** A running registry. */
export interface Apicurio {
  /** Of its API of Confluent. */
  readonly url: string
  stop(): Promise<void>
}

/** Starts a registry that forgets everything when it ends. */
export async function startApicurio(folder: string): Promise<Apicurio> {
  const port = await freePort()
  const java = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-Dquarkus.http.host=127.0.0.1']
  const options = { cwd: folder, stdio: 'ignore' } as const
  const child = spawn('java', [...java, `-Dquarkus.http.port=${port}`, '-jar', JAR], options)
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`
  const answers = async (): Promise<boolean> => {
    try {
      return (await fetch(`${url}/subjects`)).ok
    } catch {
      return false
    }
  }
  const stop = (): Promise<void> => ended(child)
  try {
    await started('Apicurio Registry', child, answers)
  } catch (error) {
    await stop()
    throw error
  }
  return { url, stop }
}
