#!/usr/bin/env node
// Checks the version of Node before anything that an old one cannot parse is loaded; then starts millrace.
/* eslint-disable no-var */
var needed = [22, 22]
var found = process.versions.node.split('.').map(Number)

if (found[0] < needed[0] || (found[0] === needed[0] && found[1] < needed[1])) {
  process.stderr.write(
    'millrace: this is Node ' +
      process.versions.node +
      ', but millrace needs Node ' +
      needed.join('.') +
      ' or newer; install it from https://nodejs.org or with your version manager.\n'
  )
  process.exitCode = 2
} else {
  import('./start.js')
}
