// The pictures of docs/: each drawn from what the engine does with a small input.
import { partitionsPicture } from './partitions.ts'
import { versionsPicture } from './versions.ts'
import { watermarkPicture } from './watermark.ts'
import { windowsPicture } from './windows.ts'

/** Where the pictures stand. */
export const PICTURES_PATH = 'docs/pictures'

/** All pictures, by the names of their files. */
export async function pictures(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['watermark.svg', await watermarkPicture()],
    ['watermark-partitions.svg', await partitionsPicture()],
    ['windows.svg', await windowsPicture()],
    ['versions.svg', await versionsPicture()]
  ])
}
