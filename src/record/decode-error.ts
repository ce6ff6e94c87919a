// What our own decompressors throw; `compression.ts` turns it into an error with a code.

/** A decoder's own complaint: the input is no valid compressed data, or too long. */
export class DecodeError extends Error {
  readonly tooLarge: boolean

  constructor(message: string, tooLarge = false) {
    super(message)
    this.name = 'DecodeError'
    this.tooLarge = tooLarge
  }
}
