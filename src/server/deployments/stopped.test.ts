// What deployments leave that stop, that are deleted, or that cannot be replaced.
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { TEMPORARY_SUFFIX } from '../../base/index.ts'
import { ServerBench, markingFlow } from '../http/api/kit.cases.ts'
import type { DeploymentReport } from './contract.ts'

const MODULE = `kind: io.millrace.http.v1/ingress
spec: { id: tests/hits, path: '/hits/{id}', valueType: tests/Hit, targets: [tests/counter] }
---
kind: io.millrace.application.v1
spec: { name: NAME }
`
const FUNCTIONS = `import { statefulFunction } from 'millrace/functions'
export const counter = statefulFunction({ typename: 'tests/counter', handler() {} })
`

/** A module with an ingress, as an application of that name. */
function hits(name: string): object {
  return {
    entries: ['module.yaml'],
    functionFiles: ['functions.ts'],
    files: [
      { path: 'module.yaml', text: MODULE.replace('NAME', name) },
      { path: 'functions.ts', text: FUNCTIONS }
    ]
  }
}

/** A dataflow in a deployment's body. */
function marks(mark: string): object {
  const files = [{ path: 'dataflow.yaml', text: markingFlow(mark) }]
  return { entries: ['dataflow.yaml'], files, settings: { workers: 0 } }
}

test('the paths of a deployment that was stopped are free for another', async context => {
  const bench = await ServerBench.start(context)
  const put = async (name: string): Promise<string> =>
    await bench.problem('PUT', `deployments/${name}`, hits(name))
  const hit = async (): Promise<number> => (await bench.call('POST', '/hits/a', 'x')).status
  deepStrictEqual([await put('one'), await hit()], ['201', 202])
  strictEqual(await put('two'), '422 DEPLOYMENT_FAILED')
  strictEqual(await bench.problem('POST', 'deployments/one/stop'), '200')
  strictEqual(await hit(), 404)
  deepStrictEqual([await put('two'), await hit()], ['201', 202])
  strictEqual(await bench.problem('POST', 'deployments/one/restart'), '422 DEPLOYMENT_FAILED')
  strictEqual(await hit(), 202)
})

test('a path that nothing serves is answered with where the paths are listed', async context => {
  const bench = await ServerBench.start(context)
  for (const path of ['/topics', '/', '/api/v2/topics', '/api/v1/topic']) {
    const { status, body, headers } = await bench.call<{ code: string; detail: string }>(
      'GET',
      path
    )
    deepStrictEqual([status, body.code], [404, 'NOT_FOUND'])
    strictEqual(headers.get('content-type'), 'application/problem+json')
    match(body.detail, /^there is nothing at \/\S*; expected a path of \/openapi\.json/)
  }
})

test('where a new version cannot be noted, the old one goes on', async context => {
  const faults = { isOn: false }
  const bench: ServerBench = await ServerBench.start(context, {
    onStep: step => {
      if (step === 'stopped' && faults.isOn) mkdirSync(record())
    }
  })
  const folder = join(bench.data, 'deployments/marks')
  const record = (): string => join(folder, `deployment.json${TEMPORARY_SUFFIX}`)
  const put = async (mark: string): Promise<string> =>
    await bench.problem('PUT', 'deployments/marks', marks(mark))
  strictEqual(await put('one'), '201')
  faults.isOn = true
  match(await put('two'), /^50\d DISK_FAILED$/)
  const { status, version } = await bench.get<DeploymentReport>('deployments/marks')
  deepStrictEqual([status, version], ['running', 1])
  await bench.produce('marks-in', ['a'])
  deepStrictEqual(await bench.values('marks-out', 1), [{ mark: 'one', line: 'a' }])
  strictEqual(readdirSync(folder).filter(name => name.startsWith('v')).length, 1)
  faults.isOn = false
  strictEqual(await put('two'), '200')
})

test('who follows the log of a deployment hears its last line, and the end', async context => {
  const bench = await ServerBench.start(context)
  await bench.call('PUT', 'deployments/marks', marks('one'))
  const logs = await fetch(`${bench.url}/api/v1/deployments/marks/logs?follow&lines=0`)
  strictEqual((await bench.call('DELETE', 'deployments/marks')).status, 204)
  match(await logs.text(), /"message":"version 1 stopped"\}\n$/)
})
