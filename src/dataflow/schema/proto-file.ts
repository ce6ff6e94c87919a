// Reads the text of a .proto file into descriptors.
import type { NamespaceBase, Root } from 'protobufjs'
import { protobufLibrary } from '../libraries.ts'

/** The descriptors of a file. */
export interface ProtoFile {
  readonly root: Root
  /** The file's package: where its own messages are. */
  readonly space: NamespaceBase
  /** Imports that are no part of Protobuf itself; what they declare is unknown. */
  readonly foreign: readonly string[]
}

/** Descriptors of a file alone: the types of `google/protobuf/…` are known. @throws Error with a line or a name */
export function readProto(text: string): ProtoFile {
  const { Root, common, parse } = protobufLibrary()
  const own = new Root()
  // Types of Protobuf's own files stand behind those of the file, which are numbered by their order.
  const { package: name, imports, weakImports } = parse(text, own, { keepCase: true })
  const foreign: string[] = []
  for (const path of [...(imports ?? []), ...(weakImports ?? [])]) {
    const known = common.get(path)
    if (known === null || known === undefined) foreign.push(path)
    else addMissing(own, known.nested ?? {})
  }
  if (foreign.length === 0) own.resolveAll()
  const space = name === undefined ? own : (own.lookup(name) as NamespaceBase)
  return { root: own, space, foreign }
}

function addMissing(root: Root, nested: Record<string, object>): void {
  for (const [name, part] of Object.entries(nested)) {
    const inside = (part as { readonly nested?: Record<string, object> }).nested
    const isSpace = inside !== undefined && !('fields' in part)
    if (root.get(name) === null) root.addJSON({ [name]: part as never })
    else if (isSpace) {
      const space = root.get(name) as NamespaceBase
      addMissing(space as Root, inside)
    }
  }
}
