// Prints the flights that the package vega-datasets ships, one JSON record a line.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'

const main = createRequire(import.meta.url).resolve('vega-datasets')
const path = resolve(
  main.slice(0, main.lastIndexOf('vega-datasets')),
  'vega-datasets/data/flights-20k.json'
)
const flights: readonly unknown[] = JSON.parse(readFileSync(path, 'utf8'))
for (const flight of flights) process.stdout.write(`${JSON.stringify(flight)}\n`)
