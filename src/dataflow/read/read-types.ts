// Reads type declarations: references, nested types, naming rules of the apiVersion, recursion and size.
import { TYPE_NODES_MAX, YAML_DEPTH_MAX } from '../../base/index.ts'
import { nearestWord, toKebab, toPascal, toSnake } from '../names.ts'
import { isFreeOfImports } from '../packages/imported-names.ts'
import type { Span } from '../report.ts'
import { isIn, type KeySpec, type SectionSpec } from '../sections/declare.ts'
import { readSection, startOf, type ReadContext, type Section } from '../sections/section.ts'
import {
  COMPOSITES,
  KEY_AND_VALUE,
  PROPERTY_KEYS,
  RENAME,
  TYPE_NAME_KEY,
  TYPE_SCALAR,
  VARIANT_KEYS
} from '../sections/type-sections.ts'
import {
  describeType,
  isScalarType,
  isStateKey,
  scalarOf,
  SCALAR_WORDS,
  typeFingerprint
} from '../type-text.ts'
import type { WireSchema } from '../plan.ts'
import type { Field, RowType, ScalarType, Type, Variant } from '../types.ts'
import { quoted, type Entry, type TreeNode } from '../yaml/tree.ts'
import { checkName } from './read-names.ts'
import { isImport, numberOf, readTypeImport, withName } from './read-imports.ts'
import { collectNested, sizeOfType } from './type-parts.ts'

/** PascalCase names that signatures read in their own way. */
const PASCAL_RESERVED = new Set(
  'Array ReadonlyArray Promise Record Map ReadonlyMap Readonly NoInfer Uint8Array Buffer KeyValue Context'.split(
    ' '
  )
)

/** What a key belongs to. Records may have keys of bytes; states and maps compare keys by value. */
export type KeyPlace = 'topic' | 'key-value' | 'map' | 'state'
const KEYS_OF_RECORDS: ReadonlySet<KeyPlace> = new Set(['topic', 'key-value'])

/** A type that was read, with the section it stood in (null for a plain word). */
export interface TypeReadResult {
  readonly type: Type | null
  readonly section: Section | null
}

/** The types of a file, by name. */
export class TypeTable {
  readonly #context: ReadContext
  readonly #entries = new Map<string, Entry>()
  /** Definitions with a `type-name` inside others, so that they can be referred to before they are read. */
  readonly #nested = new Map<string, Entry>()
  readonly #resolvingNested = new Set<string>()
  readonly #resolved = new Map<string, Type | null>()
  readonly #resolving: string[] = []
  readonly #schemas = new WeakMap<Type, WireSchema>()
  readonly #rowTtls = new WeakMap<Type, number>()

  constructor(context: ReadContext, entries: readonly Entry[]) {
    this.#context = context
    const pascals = new Map<string, string>()
    for (const [name, imported] of context.imports?.types ?? []) {
      this.#resolved.set(name, imported?.value.type ?? null)
      const ttlMs = imported?.value.ttlMs ?? null
      if (imported && ttlMs !== null) this.#rowTtls.set(imported.value.type, ttlMs)
      const schema = imported?.value.schema ?? null
      if (imported && schema !== null) this.#schemas.set(imported.value.type, schema)
    }
    for (const entry of entries) {
      const name = checkName(context, entry, 'type')
      if (name === null || !this.#isNameFree(name, entry, pascals)) continue
      pascals.set(toPascal(name), entry.key)
      this.#entries.set(name, entry)
    }
    for (const entry of entries) collectNested(entry.value, this.#nested)
    for (const name of this.#entries.keys()) this.#resolve(name)
  }

  /** Types by PascalCase name, for signatures. */
  get scope(): ReadonlyMap<string, Type | null> {
    return new Map([...this.#resolved].map(([name, type]) => [toPascal(name), type]))
  }

  /** The schema that a type was imported from. */
  schemaOf(type: Type): WireSchema | null {
    return this.#schemas.get(type) ?? null
  }

  /** The time to live that a row type declares. */
  ttlOf(type: Type): number | null {
    return this.#rowTtls.get(type) ?? null
  }

  /** All types that have no error, by kebab-case name, in the file's order. */
  all(): Record<string, Type> {
    const types: Record<string, Type> = {}
    // Nested named types come behind those of the section, which may have been read out of order.
    for (const name of new Set([...this.#entries.keys(), ...this.#resolved.keys()])) {
      const type = this.#resolved.get(name)
      if (type) types[name] = type
    }
    return types
  }

  /** Reads a type that stands under a key: a word, or a mapping with `sideKeys` beside those of the type. */
  read(
    node: TreeNode,
    at: Span,
    sideKeys: readonly KeySpec[] = [],
    name: string | null = null
  ): TypeReadResult {
    const { report } = this.#context
    if (node.kind === 'scalar') {
      if (node.text !== '') return { type: this.#word(node.text, node), section: null }
      report.error(
        'WRONG_KIND',
        at,
        'a type is missing here',
        'Write the name of a type, for example string.'
      )
      return { type: null, section: null }
    }
    const word =
      node.kind === 'map' ? node.entries.find(entry => entry.key === 'type')?.value : undefined
    const tag = word?.kind === 'scalar' ? word.text : ''
    const composite = Object.hasOwn(COMPOSITES, tag) ? COMPOSITES[tag]! : null
    const spec = this.#specOf(composite ?? TYPE_SCALAR, sideKeys, {
      isNested: name === null && composite !== null
    })
    const section = readSection(this.#context, node, spec, at)
    if (section === null) return { type: null, section: null }
    const own = composite === null ? null : this.#nameOf(section)
    const type =
      composite === null ? this.#scalar(section) : this.#composite(tag, section, name ?? own)
    const checked = type === null ? null : this.#withinSize(type, section.keySpan('type'))
    if (own !== null && checked !== null) this.#define(own, checked, section.keySpan('type-name'))
    return { type: checked, section }
  }

  /** Reads a type that must be a scalar: a key. */
  readKey(
    node: TreeNode,
    at: Span,
    what: KeyPlace,
    sideKeys: readonly KeySpec[] = []
  ): { type: ScalarType | null; section: Section | null } {
    const { type, section } = this.read(node, at, sideKeys)
    if (type === null) return { type: null, section }
    if (KEYS_OF_RECORDS.has(what) && type.kind === 'bytes') return { type, section }
    if (isStateKey(type)) return { type, section }
    const expected = KEYS_OF_RECORDS.has(what) ? 'a scalar' : 'a scalar other than bytes'
    const message = `the key of a ${what} must be ${expected}, but is ${describeType(type)}`
    const span = node.end > node.start ? node : at
    this.#context.report.error(
      'KEY_NOT_SCALAR',
      span,
      message,
      'Choose one field of it as the key.'
    )
    return { type: null, section }
  }

  #specOf(
    spec: SectionSpec,
    sideKeys: readonly KeySpec[],
    options: { readonly isNested: boolean }
  ): SectionSpec {
    if (sideKeys.length === 0 && !options.isNested) return spec
    return {
      ...spec,
      keys: [...spec.keys, ...sideKeys, ...(options.isNested ? [TYPE_NAME_KEY] : [])]
    }
  }

  #isNameFree(name: string, entry: Entry, pascals: ReadonlyMap<string, string>): boolean {
    const { report } = this.#context
    const pascal = toPascal(name)
    if (
      scalarOf(name) !== null ||
      Object.hasOwn(COMPOSITES, name) ||
      name === 'keyed-state' ||
      PASCAL_RESERVED.has(pascal)
    ) {
      const message = `a type cannot be called ${quoted(entry.key)}: the word means something else`
      report.error('NAME_RESERVED', entry.keySpan, message, 'Choose another name.')
      return false
    }
    if (!isFreeOfImports(this.#context, name, entry.keySpan)) return false
    const other = pascals.get(pascal)
    if (other === undefined) return true
    report.error(
      'NAME_DUPLICATE',
      entry.keySpan,
      `${quoted(entry.key)} and ${quoted(other)} are the same name, ${pascal} in functions`
    )
    return false
  }

  /** The type of a name, read on first use so that types may stand in any order. */
  #resolve(name: string): Type | null {
    const known = this.#resolved.get(name)
    if (known !== undefined) return known
    const entry = this.#entries.get(name)!
    this.#resolving.push(name)
    const type = isImport(entry.value)
      ? this.#import(name, entry)
      : this.read(entry.value, entry.keySpan, [], name).type
    this.#resolving.pop()
    this.#resolved.set(name, type)
    return type
  }

  #import(name: string, entry: Entry): Type | null {
    const imported = readTypeImport(this.#context, entry)
    if (imported === null) return null
    for (const [inner, type] of imported.named) {
      if (inner !== name) this.#define(inner, type, entry.keySpan)
    }
    const type = withName(imported.type, name)
    if (imported.schema !== null) this.#schemas.set(type, imported.schema)
    return this.#withinSize(type, entry.keySpan)
  }

  /** A nested type that is referred to before it is read in its own place, where it is then the same again. */
  #resolveNested(name: string): Type | null {
    const entry = this.#nested.get(name)!
    this.#resolving.push(name)
    this.#resolvingNested.add(name)
    const { type } = this.read(entry.value, entry.keySpan)
    this.#resolving.pop()
    this.#resolvingNested.delete(name)
    this.#resolved.set(name, type)
    return type
  }

  #word(word: string, span: Span): Type | null {
    const { report } = this.#context
    const scalar = scalarOf(word)
    if (scalar !== null) return scalar
    const name = toKebab(word)
    if (this.#resolving.includes(name)) {
      const path = [...this.#resolving.slice(this.#resolving.indexOf(name)), name].join(' → ')
      report.error(
        'TYPE_RECURSIVE',
        span,
        `the type ${quoted(word)} contains itself: ${path}`,
        'Keep the parts in a state or topic of their own.'
      )
      return null
    }
    if (this.#resolving.length > YAML_DEPTH_MAX) {
      report.error(
        'TYPE_TOO_LARGE',
        span,
        `types refer to each other more than ${YAML_DEPTH_MAX} levels deep`
      )
      return null
    }
    if (this.#entries.has(name) || this.#resolved.has(name)) return this.#resolve(name)
    if (this.#nested.has(name)) return this.#resolveNested(name)
    const nearest = nearestWord(word, [
      ...SCALAR_WORDS,
      ...this.#entries.keys(),
      ...Object.keys(COMPOSITES)
    ])
    const hint = Object.hasOwn(COMPOSITES, word)
      ? `Write it as a mapping with "type: ${word}" and its keys.`
      : nearest === null
        ? 'Declare it in the section "types".'
        : `Did you mean "${nearest}"?`
    report.error('TYPE_UNKNOWN', span, `${quoted(word)} is not a type`, hint)
    return null
  }

  #scalar(section: Section): Type | null {
    const word = section.scalar('type')
    if (word === null) return null
    const type = this.#word(word.text, word)
    if (type === null || !section.boolean('bigint')) return type
    if (type.kind === 'u64' || type.kind === 's64') return { kind: type.kind, bigint: true }
    this.#context.report.error(
      'WRONG_VALUE',
      section.keySpan('bigint'),
      `only u64 and s64 can be bigints, not ${describeType(type)}`
    )
    return type
  }

  #composite(tag: string, section: Section, name: string | null): Type | null {
    const inner = (key: string): Type | null => {
      const node = section.value(key)
      return node === null ? null : this.read(node, section.keySpan(key)).type
    }
    switch (tag) {
      case 'object': {
        const fields = this.#fields(section, PROPERTY_KEYS)
        return fields === null ? null : { kind: 'object', name, fields }
      }
      case 'arrow-row':
        return this.#row(section, name)
      case 'enum': {
        const variants = this.#variants(section)
        const tagging = section.text('tagging') === 'untagged' ? 'untagged' : 'external'
        return variants === null ? null : { kind: 'enum', name, tagging, variants }
      }
      case 'list': {
        const items = inner('items')
        return items === null ? null : { kind: 'list', items }
      }
      case 'option': {
        const value = inner('value')
        return value === null ? null : { kind: 'option', value }
      }
      case 'map':
        return this.#map(section, inner)
      default: {
        const { key, value } = this.keyAndValue(section, 'key-value')
        return key === null || value === null ? null : { kind: 'key-value', key, value }
      }
    }
  }

  #map(section: Section, inner: (key: string) => Type | null): Type | null {
    const node = section.value('key')
    const key = node === null ? null : this.readKey(node, section.keySpan('key'), 'map').type
    const value = inner('value')
    return key === null || value === null ? null : { kind: 'map', key, value }
  }

  /** The types under `properties: { key, value }`. */
  keyAndValue(section: Section, what: KeyPlace): { key: ScalarType | null; value: Type | null } {
    const node = section.value('properties')
    const at = section.keySpan('properties')
    const pair = node === null ? null : readSection(this.#context, node, KEY_AND_VALUE, at)
    const keyNode = pair?.value('key') ?? null
    const valueNode = pair?.value('value') ?? null
    const key = keyNode === null ? null : this.readKey(keyNode, pair!.keySpan('key'), what).type
    return {
      key,
      value: valueNode === null ? null : this.read(valueNode, pair!.keySpan('value')).type
    }
  }

  /** Fields in the file's order; null when one has no type. */
  #fields(section: Section, sideKeys: readonly KeySpec[]): Field[] | null {
    const fields: Field[] = []
    let complete = section.value('properties') !== null
    for (const entry of section.entries('properties')) {
      const { type, section: own } = this.read(entry.value, entry.keySpan, sideKeys)
      if (entry.key === '')
        this.#context.report.error('NAME_INVALID', entry.keySpan, 'a property needs a name')
      if (type === null) complete = false
      else
        fields.push({
          name: entry.key,
          ...this.#jsonNames(entry.key, own, toSnake),
          optional: own?.boolean('optional') ?? false,
          ...numberOf(own),
          type
        })
    }
    this.#checkJsonNames(fields, section.entries('properties'))
    return complete ? fields : null
  }

  #row(section: Section, name: string | null): RowType | null {
    const fields = this.#fields(section, [])
    if (fields === null) return null
    const wrong = fields.find(field => !isScalarType(field.type) || field.type.kind === 'null')
    const ttl = section.duration('ttl')
    if (wrong === undefined) {
      const row: RowType = { kind: 'arrow-row', name, fields }
      if (ttl !== null) this.#rowTtls.set(row, ttl)
      return row
    }
    const entry = section.entries('properties').find(candidate => candidate.key === wrong.name)!
    const message = `a column must be a scalar, but ${quoted(wrong.name)} is ${describeType(wrong.type)}`
    this.#context.report.error(
      'WRONG_VALUE',
      entry.keySpan,
      message,
      'Use an object as the state’s value instead of arrow-row.'
    )
    return null
  }

  #variants(section: Section): Variant[] | null {
    const variants: Variant[] = []
    const entries = section.entries('oneOf')
    let complete = section.value('oneOf') !== null
    if (complete && entries.length === 0) {
      this.#context.report.error(
        'WRONG_VALUE',
        section.keySpan('oneOf'),
        'an enum needs at least one case'
      )
      return null
    }
    for (const entry of entries) {
      const isUnit = entry.value.kind === 'scalar' && entry.value.value === null
      const { type, section: own } = isUnit
        ? { type: null, section: null }
        : this.read(entry.value, entry.keySpan, VARIANT_KEYS)
      if (type === null && !isUnit) complete = false
      const value = type?.kind === 'null' ? null : type
      variants.push({
        name: entry.key,
        ...this.#jsonNames(entry.key, own, toPascal),
        ...numberOf(own),
        type: value
      })
    }
    this.#checkJsonNames(variants, entries)
    return complete ? variants : null
  }

  /** Names in JSON: renamed, or by the rule of the apiVersion. */
  #jsonNames(
    name: string,
    section: Section | null,
    oldRule: (name: string) => string
  ): { readName: string; writeName: string } {
    const standard = isIn(
      { key: '', value: { kind: 'word' }, doc: '', until: '0.5.0' },
      this.#context.apiVersion
    )
      ? oldRule(name)
      : name
    const renamed = (key: string): string => {
      const node = section?.value(key) ?? null
      const rename =
        node === null ? null : readSection(this.#context, node, RENAME, section!.keySpan(key))
      return rename?.text('rename') ?? standard
    }
    return { readName: renamed('deserialize'), writeName: renamed('serialize') }
  }

  #checkJsonNames(members: readonly (Field | Variant)[], entries: readonly Entry[]): void {
    for (const side of ['readName', 'writeName'] as const) {
      const seen = new Map<string, string>()
      for (const member of members) {
        const other = seen.get(member[side])
        const entry = entries.find(candidate => candidate.key === member.name)
        if (other !== undefined && entry !== undefined) {
          const message =
            `${quoted(member.name)} and ${quoted(other)} have the same name in JSON, ` +
            `${quoted(member[side])}`
          this.#context.report.error(
            'NAME_DUPLICATE',
            entry.keySpan,
            message,
            'Rename one by serialize and deserialize.'
          )
        }
        seen.set(member[side], member.name)
      }
    }
  }

  #nameOf(section: Section): string | null {
    const node = section.scalar('type-name')
    if (node === null) return null
    return checkName(this.#context, { key: node.text, keySpan: node, value: node }, 'type')
  }

  /** Registers a nested type; the same name twice needs the same definition. */
  #define(name: string, type: Type, span: Span): void {
    if (this.#resolvingNested.has(name)) return
    const { report } = this.#context
    const known =
      this.#entries.has(name) && !this.#resolving.includes(name)
        ? this.#resolve(name)
        : this.#resolved.get(name)
    if (this.#resolving.includes(name))
      report.error(
        'TYPE_CONFLICT',
        span,
        `the type-name ${quoted(name)} is the name of the type around it`
      )
    else if (known === undefined) this.#resolved.set(name, type)
    else if (known !== null && typeFingerprint(known) !== typeFingerprint(type)) {
      report.error(
        'TYPE_CONFLICT',
        span,
        `the type-name ${quoted(name)} is already another type`,
        'Use the name alone, or choose another.'
      )
    }
  }

  #withinSize(type: Type, span: Span): Type | null {
    const size = sizeOfType(type)
    if (size <= TYPE_NODES_MAX) return type
    const message = `the type has ${size} parts when its references are followed; at most ${TYPE_NODES_MAX} are allowed`
    this.#context.report.error('TYPE_TOO_LARGE', startOf(span), message)
    return null
  }
}
