// Bytes as base64 text.

/** The base64 text of bytes. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** The bytes of a base64 text; null for a text that is none. */
export function bytesOfBase64(text: string): Buffer | null {
  const digits = /^[A-Za-z0-9+/]*(?=={0,2}$)/.exec(text)?.[0].length ?? 1
  return digits % 4 === 1 ? null : Buffer.from(text, 'base64')
}
