// What a run knows of its topics before any of them exists: names, types, partitions, and how text becomes records.
import { MillraceError } from '../base/index.ts'
import { nearestWord } from '../dataflow/index.ts'
import type { Plan, TopicPlan } from '../dataflow/plan.ts'
import type { Log, Topic } from '../log/log.ts'
import type { Compression } from '../record/index.ts'
import { mergeTopic, requiredTopics } from '../runtime/index.ts'
import type { RequiredTopic } from '../runtime/contract.ts'
import type { RegistryOptions } from '../runtime/convert/index.ts'
import type { RecordForms } from './out/record-lines.ts'
import { registryFeedForm, registryOutForm, schemaForm } from './text/schema-form.ts'
import { textForm, type TextForm } from './text/text-form.ts'

/** The topics of all plans of a run, and of its functions. */
export class TopicTable {
  readonly #plans: readonly Plan[]
  /** What else needs topics. */
  readonly #others: readonly RequiredTopic[]
  readonly #declared = new Map<string, TopicPlan>()
  readonly #forms = new Map<string, RecordForms>()

  constructor(plans: readonly Plan[], others: readonly RequiredTopic[] = []) {
    this.#plans = plans
    this.#others = others
    for (const plan of plans) {
      for (const topic of Object.values(plan.topics)) {
        if (!this.#declared.has(topic.name)) this.#declared.set(topic.name, topic)
      }
    }
  }

  /** Names that a user may use for input and output: those declared, and the dead letters. */
  names(): string[] {
    const declared = [...this.#declared.values()].filter(
      topic => topic.function === undefined && topic.schedule === undefined
    )
    const names = new Set(declared.map(topic => topic.name))
    for (const plan of this.#plans) {
      for (const topic of requiredTopics(plan)) if (!topic.internal) names.add(topic.name)
    }
    for (const topic of this.#others) if (!topic.internal) names.add(topic.name)
    return [...names]
  }

  /** How records of a topic are written and read as text; topics that no file declares hold text. */
  forms(name: string): RecordForms {
    let forms = this.#forms.get(name)
    if (forms === undefined) {
      const topic = this.#declared.get(name)
      forms = {
        key: textForm(topic?.key ?? null, 'raw'),
        value: valueForm(topic)
      }
      this.#forms.set(name, forms)
    }
    return forms
  }

  /** As {@link forms}, for a feed: a registry is asked for what it calls the schema. @throws what its client throws */
  async feedForms(name: string, registries: RegistryOptions): Promise<RecordForms> {
    const forms = this.forms(name)
    const value = this.#declared.get(name)?.value
    if (value?.registry === undefined) return forms
    const { registry } = value
    return { ...forms, value: await registryFeedForm({ ...value, registry }, name, registries) }
  }

  /** As {@link forms}, to print values: a registry is asked for the schemas of their writers. @throws REGISTRY_AUTH */
  outForms(name: string, registries: RegistryOptions, signal: AbortSignal): RecordForms {
    const forms = this.forms(name)
    const value = this.#declared.get(name)?.value
    if (value?.registry === undefined) return forms
    const { registry } = value
    const form = registryOutForm({ ...value, registry }, name, registries, signal)
    return { ...forms, value: form }
  }

  /** How a feed compresses batches of a topic: as declared where that can be written. */
  compression(name: string): Compression {
    const declared = this.#declared.get(name)?.compression
    return declared === 'gzip' || declared === 'zstd' ? declared : 'none'
  }

  /**
   * Creates the topics that are missing. Those of no declared number get `partitions`.
   * @throws TOPIC_INVALID a topic exists with other partitions than a file declares or a state needs
   */
  async createMissing(log: Log, partitions: number): Promise<void> {
    const existing = new Map(
      (await log.listTopics({ internal: true })).map(topic => [topic.name, topic])
    )
    const required = this.#required(existing, partitions)
    for (const topic of required) checkPartitions(topic, existing.get(topic.name))
    for (const topic of required) {
      if (existing.has(topic.name)) continue
      const { name, internal, cleanup, retentionMs, retentionBytes } = topic
      const spec = {
        partitions: topic.partitions ?? partitions,
        internal,
        retentionMs,
        retentionBytes
      }
      await log.createTopic(name, { ...spec, cleanup: cleanup ?? 'delete' })
    }
  }

  #required(existing: ReadonlyMap<string, Topic>, partitions: number): readonly RequiredTopic[] {
    const declared = new Map<string, number>()
    for (const plan of this.#plans) {
      for (const topic of Object.values(plan.topics)) {
        if (topic.partitions !== null) declared.set(topic.name, topic.partitions)
      }
    }
    const partitionsOf = (name: string): number =>
      existing.get(name)?.spec.partitions ?? declared.get(name) ?? partitions
    const required = new Map<string, RequiredTopic>()
    const all = this.#plans.flatMap(plan => requiredTopics(plan, partitionsOf))
    for (const topic of [...all, ...this.#others]) {
      const before = required.get(topic.name)
      required.set(topic.name, before === undefined ? topic : merge(before, topic))
    }
    for (const topic of this.#declared.values()) {
      if (!required.has(topic.name))
        required.set(topic.name, { ...topic, internal: false, role: 'declared' })
    }
    return [...required.values()]
  }
}

function valueForm(topic: TopicPlan | undefined): TextForm {
  if (topic === undefined) return textForm(null, 'raw')
  const { type, converter } = topic.value
  const hasSchema = converter === 'avro' || converter === 'protobuf'
  return hasSchema ? schemaForm(topic.value, topic.name) : textForm(type, converter)
}

/** Two dataflows of one topic: what the first leaves open, the second may say. */
function merge(before: RequiredTopic, topic: RequiredTopic): RequiredTopic {
  if (
    before.partitions !== null &&
    topic.partitions !== null &&
    before.partitions !== topic.partitions
  ) {
    throw new MillraceError(
      'TOPIC_INVALID',
      `topic ${topic.name} is declared with ${before.partitions} partitions in one dataflow and with ` +
        `${topic.partitions} in another; declare the same number in both, or in one only`
    )
  }
  return mergeTopic(before, topic)
}

function checkPartitions(required: RequiredTopic, existing: Topic | undefined): void {
  const { name, partitions, internal } = required
  if (existing === undefined || partitions === null || existing.spec.partitions === partitions)
    return
  const found = existing.spec.partitions
  throw new MillraceError(
    'TOPIC_INVALID',
    internal
      ? `topic ${name} was made for ${found} tasks and the dataflow now has ${partitions}: its sources have other ` +
          'partitions than before; go back to the sources it had, or start with an empty data directory'
      : `topic ${name} has ${found} partitions and the dataflow declares ${partitions}; ` +
          `declare ${found}, or delete the topic: millrace topic delete ${name}`
  )
}

/** The sentence for a topic that a command line names and nobody knows. */
export function unknownTopic(
  option: string,
  name: string,
  names: readonly string[]
): MillraceError {
  const nearest = nearestWord(name, names)
  const hint = nearest === null ? `there are ${names.join(', ')}` : `did you mean "${nearest}"?`
  return new MillraceError('USAGE', `${option}: no topic is called "${name}"; ${hint}`)
}
