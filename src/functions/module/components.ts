// Collects a module's components and refuses what is declared twice.
import { quoted, type Position, type ReadContext, type Span } from '../../dataflow/index.ts'
import type { ApplicationPlan, EgressPlan, EndpointPlan, IngressPlan, ModulePlan } from './plan.ts'

/** The functions of an endpoint as they are written: a type, or a namespace with `/*`. */
export function patternText({ functions }: EndpointPlan): string {
  return `${functions.namespace}/${functions.kind === 'type' ? functions.name : '*'}`
}

/** What a component is called in messages, and under which name it may be there once. */
export function identityOf(
  component: EndpointPlan | IngressPlan | EgressPlan,
  what: string
): string {
  const name = 'functions' in component ? patternText(component) : component.id
  return `${what} ${quoted(name)}`
}

/** The components of one file while it is read. */
export class Components {
  readonly context: ReadContext
  readonly #endpoints: EndpointPlan[] = []
  readonly #ingresses: IngressPlan[] = []
  readonly #egresses: EgressPlan[] = []
  readonly #places = new Map<string, Position>()
  #application: ApplicationPlan | null = null
  /** Whether every endpoint that the file means is among its endpoints. */
  hasAllEndpoints = true

  constructor(context: ReadContext) {
    this.context = context
  }

  setApplication(read: { plan: ApplicationPlan; at: Span } | null): void {
    if (read !== null && this.#isNew('the application', read)) this.#application = read.plan
  }

  addEndpoint(read: { plan: EndpointPlan; at: Span } | null): void {
    if (read === null) this.hasAllEndpoints = false
    else if (this.#isNew(identityOf(read.plan, 'the functions'), read)) {
      this.#endpoints.push(read.plan)
    }
  }

  addIngress(read: { plan: IngressPlan; at: Span } | null): void {
    if (read !== null && this.#isNew(identityOf(read.plan, 'the ingress'), read)) {
      this.#ingresses.push(read.plan)
    }
  }

  addEgress(read: { plan: EgressPlan; at: Span } | null): void {
    if (read !== null && this.#isNew(identityOf(read.plan, 'the egress'), read)) {
      this.#egresses.push(read.plan)
    }
  }

  plan(): ModulePlan {
    return {
      ...(this.#application === null ? {} : { application: this.#application }),
      endpoints: this.#endpoints,
      ingresses: this.#ingresses,
      egresses: this.#egresses
    }
  }

  #isNew(identity: string, { at }: { at: Span }): boolean {
    const { report } = this.context
    const before = this.#places.get(identity)
    if (before === undefined) {
      this.#places.set(identity, report.position(at))
      return true
    }
    const message = `${identity} is already declared on line ${before.line}`
    report.error('COMPONENT_DUPLICATE', at, message, 'Keep one of them.')
    return false
  }
}
