// What people and machines are told of the functions of a run: types and where they answer, addresses, values, timers.
import { nearestWord } from '../../dataflow/index.ts'
import { MillraceError } from '../../base/index.ts'
import {
  HTTP_REQUEST_TYPENAME,
  addressOf,
  parseTypeName,
  patternText
} from '../../functions/index.ts'
import type { Address, AddressEntry, PendingTimer } from '../../functions/index.ts'
import type { LoadedApplication } from './application.ts'
import type { EngineFunctions } from './engine-functions.ts'
import type { RatedFunctionMetrics } from './function-metrics.ts'
import { readableValue } from './function-values.ts'

/** Addresses of a type that are counted for a list. */
const ADDRESSES_COUNTED_MAX = 10_000
/** Delayed messages that are counted by type for a list. */
const TIMERS_COUNTED_MAX = 10_000

/** A function type of a run. */
export interface FunctionReport extends RatedFunctionMetrics {
  /** `in process`, or the URL of the endpoint. */
  readonly where: string
  /** How many addresses have values; no more than 10,000 are counted. */
  readonly addresses: number
  /** Delayed messages that its addresses have sent and that are pending, among the next 10,000 of all. */
  readonly timers: number
}

/** An address with its values as people read them. */
export interface AddressReport {
  readonly id: string
  readonly values: Readonly<Record<string, unknown>>
  /** When values with an expiration disappear, milliseconds since the epoch, by name. */
  readonly expiresAt: Readonly<Record<string, number>>
  /** Messages that wait, those under way included. */
  readonly mailbox: number
}

/** A pending delayed message as people read it. */
export interface TimerReport {
  /** Milliseconds since the epoch. */
  readonly dueAt: number
  readonly sender: string
  readonly target: string
  readonly valueType: string
  readonly cancellationToken: string | null
}

/** All function types that were declared or addressed, but for callers over HTTP. */
export async function functionReports(functions: EngineFunctions): Promise<FunctionReport[]> {
  const { running, application } = functions
  const metrics = await functions.metrics()
  const { timers } = await running.findTimers({ limit: TIMERS_COUNTED_MAX })
  const timersOf = new Map<string, number>()
  for (const { sender } of timers) {
    const typename = `${sender.namespace}/${sender.type}`
    timersOf.set(typename, (timersOf.get(typename) ?? 0) + 1)
  }
  const types = metrics.functions.filter(({ typename }) => typename !== HTTP_REQUEST_TYPENAME)
  return Promise.all(
    types.map(async one => ({
      ...one,
      where: whereOf(application, one.typename) ?? '',
      addresses: await running.countAddresses(one.typename, ADDRESSES_COUNTED_MAX),
      timers: timersOf.get(one.typename) ?? 0
    }))
  )
}

/** Where a function type answers: `in process` or a URL; null when nothing answers for it. */
export function whereOf(application: LoadedApplication, typename: string): string | null {
  if (application.functions.some(fn => fn.typename === typename)) return 'in process'
  const parts = parseTypeName(typename)
  if (parts === null) return null
  const plans = application.endpoints.map(endpoint => endpoint.plan)
  const found =
    plans.find(plan => patternText(plan) === typename) ??
    plans.find(plan => patternText(plan) === `${parts.namespace}/*`)
  return found?.url.text ?? null
}

/** @throws USAGE nothing answers for the type */
export function checkFunctionType(application: LoadedApplication, typename: string): void {
  if (whereOf(application, typename) !== null) return
  const known = [
    ...application.functions.map(fn => fn.typename),
    ...application.endpoints.map(endpoint => patternText(endpoint.plan))
  ]
  const nearest = nearestWord(typename, known)
  const hint = nearest === null ? `there are ${known.join(', ')}` : `did you mean "${nearest}"?`
  throw new MillraceError('USAGE', `no functions are called "${typename}"; ${hint}`)
}

/** One address; with neither values nor messages it is empty, for every address exists. */
export function addressReport(
  { running, application }: EngineFunctions,
  typename: string,
  id: string
): AddressReport {
  const address = addressOf(typename, id)
  const values = running.state(address)
  const mailboxDepth = running.mailboxDepth(address)
  return reportOf(application, typename, { address, values, mailboxDepth })
}

/** The first `limit` addresses of a type whose ids fit; all are looked through where `fits` leaves many out. */
export async function addressReports(
  { running, application }: EngineFunctions,
  typename: string,
  options: { readonly limit: number; fits(id: string): boolean }
): Promise<AddressReport[]> {
  const { limit, fits } = options
  const pageSize = Math.max(100, Math.min(limit, 10_000))
  const found: AddressReport[] = []
  for (let after: string | null = null; ;) {
    const page = await running.addresses({
      typename,
      limit: pageSize,
      ...(after === null ? {} : { after })
    })
    for (const entry of page) {
      if (found.length === limit) return found
      if (fits(entry.address.id)) found.push(reportOf(application, typename, entry))
    }
    const last = page.at(-1)
    if (page.length < pageSize || last === undefined) return found
    after = last.address.id
  }
}

function reportOf(
  { functions }: LoadedApplication,
  typename: string,
  { address, values, mailboxDepth }: AddressEntry
): AddressReport {
  const fn = functions.find(one => one.typename === typename) ?? null
  const expiring = values.flatMap(({ name, expiresAt }) =>
    expiresAt === null ? [] : [[name, expiresAt] as const]
  )
  return {
    id: address.id,
    values: Object.fromEntries(values.map(entry => [entry.name, readableValue(entry, fn)])),
    expiresAt: Object.fromEntries(expiring),
    mailbox: mailboxDepth
  }
}

/** A pending delayed message in words. */
export function timerReport({
  dueAt,
  sender,
  target,
  typename,
  cancellationToken
}: PendingTimer): TimerReport {
  return {
    dueAt,
    sender: textOf(sender),
    target: textOf(target),
    valueType: typename,
    cancellationToken
  }
}

function textOf({ namespace, type, id }: Address): string {
  return `${namespace}/${type}/${id}`
}
