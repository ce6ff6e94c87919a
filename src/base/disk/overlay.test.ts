// What an overlay disk shows of the one below, and that it never changes that.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { OverlayDisk } from './overlay.ts'
import { SimulatedDisk } from './simulated.ts'
import { SeededRandom } from '../random.ts'

const CREATE = { write: true, create: true }

test('shows what is below, with changes over it, and changes nothing below', async () => {
  const below = new SimulatedDisk(new SeededRandom(1))
  await below.createDirectory('/d/e')
  await below.replaceFile('/d/a', bytes('abcdefgh'))
  await below.replaceFile('/d/b', bytes('kept'))
  await below.replaceFile('/d/e/c', bytes('deep'))
  const { operations } = below
  const disk = new OverlayDisk(below)
  const file = await disk.open('/d/a', CREATE)
  await file.write([bytes('XY')], 2)
  assert.equal(text(await disk.readFile('/d/a')), 'abXYefgh')
  await file.truncate(5)
  await file.truncate(7)
  await file.write([bytes('!')], 8)
  assert.equal(text(await disk.readFile('/d/a')), 'abXYe\0\0\0!')
  await file.close()
  const again = await disk.open('/d/a', { write: false, create: false })
  assert.equal(await again.size(), 9)
  await again.close()
  await disk.rename('/d/b', '/d/moved')
  await disk.rename('/d/e', '/d/f')
  assert.equal(text(await disk.readFile('/d/moved')), 'kept')
  assert.equal(text(await disk.readFile('/d/f/c')), 'deep')
  await disk.remove('/d/moved')
  const names = (await disk.list('/d')).map(entry => entry.name)
  assert.deepEqual(names.toSorted(), ['a', 'f'])
  assert.equal(below.operations, operations)
  assert.equal(text(below.readAll('/d/a')), 'abcdefgh')
})

test('opens a file that was closed at its changed size, also when nothing is left of it', async () => {
  const below = new SimulatedDisk(new SeededRandom(1))
  await below.replaceFile('/a', bytes('abc'))
  const disk = new OverlayDisk(below)
  const file = await disk.open('/a', CREATE)
  await file.truncate(0)
  await file.close()
  assert.equal(text(await disk.readFile('/a')), '')
})

function bytes(content: string): Uint8Array {
  return new TextEncoder().encode(content)
}

function text(content: Uint8Array): string {
  return new TextDecoder().decode(content)
}
