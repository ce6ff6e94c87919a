// What people are shown of an application: addresses with values or mail, and delayed messages, in bounded portions.
//
// Everything is read while the tasks go on, a portion at a time, so a list shows a state that is changing.
import type { Address } from '../sdk/index.ts'
import { type AddressState, isOver } from './address-state.ts'
import type {
  AddressEntry,
  AddressesOptions,
  FunctionStateEntry,
  PendingTimer,
  TimerPage,
  TimersOptions
} from './contract.ts'
import { keyOf } from './envelope.ts'
import type { FunctionsProgram } from './program.ts'
import { type Timer, unpackTimer } from './timers/stored-timer.ts'

/** Keys that are read at a time. */
const PAGE = 1_024
const ADDRESSES_LIMIT_DEFAULT = 100
const TIMERS_LIMIT_DEFAULT = 100
/** Delayed messages that a search looks at before it gives up. */
const TIMERS_LOOKED_AT_MAX = 100_000

/** Addresses of a type that have values or messages, by their ids in the order of their bytes. */
export async function listAddresses(
  programs: readonly FunctionsProgram[],
  { typename, after, limit = ADDRESSES_LIMIT_DEFAULT }: AddressesOptions,
  now: number
): Promise<AddressEntry[]> {
  const prefix = `${typename}/`
  const from = after === undefined ? prefix : `${prefix}${after}\0`
  const found = await Promise.all(
    programs.map(program => addressesOf(program, { prefix, from, limit, now }))
  )
  return found.flat().toSorted(byId).slice(0, limit)
}

interface Range {
  readonly prefix: string
  readonly from: string
  readonly limit: number
  readonly now: number
}

async function addressesOf(
  program: FunctionsProgram,
  { prefix, from, limit, now }: Range
): Promise<AddressEntry[]> {
  const entries = new Map<string, AddressEntry>()
  const add = (key: string): void => {
    const values = valuesOf(program.stateOf(key), now)
    const mailboxDepth = program.mailboxes.busy.get(key)?.depth ?? 0
    if (values.length === 0 && mailboxDepth === 0) return
    entries.set(key, { address: addressIn(key), values, mailboxDepth })
  }
  let next = from
  while (entries.size < limit) {
    const count = Math.min(PAGE, limit)
    const keys = await program.addressesFrom(next, count)
    for (const key of keys) if (key.startsWith(prefix) && entries.size < limit) add(key)
    const last = keys.at(-1)
    if (keys.length < count || last === undefined || !last.startsWith(prefix)) break
    next = `${last}\0`
  }
  for (const key of program.mailboxes.busy.keys()) {
    if (key.startsWith(prefix) && isFrom(key, from)) add(key)
  }
  return [...entries.values()].toSorted(byId).slice(0, limit)
}

/** How many addresses of a type have values, counted up to `countMax`. */
export async function countAddresses(
  programs: readonly FunctionsProgram[],
  typename: string,
  countMax: number
): Promise<number> {
  const prefix = `${typename}/`
  const counts = await Promise.all(
    programs.map(async program => {
      const keys = await program.addressesFrom(prefix, countMax)
      const end = keys.findIndex(key => !key.startsWith(prefix))
      return end < 0 ? keys.length : end
    })
  )
  return Math.min(
    countMax,
    counts.reduce((sum, count) => sum + count, 0)
  )
}

/** The next delayed messages by time, of all senders, one type or one address. */
export async function listTimers(
  programs: readonly FunctionsProgram[],
  { typename, sender, limit = TIMERS_LIMIT_DEFAULT }: TimersOptions
): Promise<TimerPage> {
  const senderKey = sender === undefined ? null : keyOf(sender)
  const isWanted = ({ envelope }: Timer): boolean => {
    const { namespace, type } = envelope.caller!
    if (typename !== undefined && `${namespace}/${type}` !== typename) return false
    return senderKey === null || keyOf(envelope.caller!) === senderKey
  }
  const pages = await Promise.all(programs.map(program => timersOf(program, isWanted, limit)))
  const timers = pages.flatMap(page => page.timers).toSorted((a, b) => a.dueAt - b.dueAt)
  return {
    timers: timers.slice(0, limit),
    isComplete: timers.length <= limit && pages.every(page => page.isComplete)
  }
}

async function timersOf(
  program: FunctionsProgram,
  isWanted: (timer: Timer) => boolean,
  limit: number
): Promise<TimerPage> {
  const timers: PendingTimer[] = []
  let from = ''
  for (let looked = 0; looked < TIMERS_LOOKED_AT_MAX; looked += PAGE) {
    const keys = await program.timersFrom(from, PAGE)
    for (const key of keys) {
      const packed = program.timerAt(key)
      // It may have been sent since the keys were read.
      const timer = packed === undefined ? null : unpackTimer(packed)
      if (timer === null || !isWanted(timer)) continue
      if (timers.length === limit) return { timers, isComplete: false }
      timers.push(pendingOf(timer))
    }
    if (keys.length < PAGE) return { timers, isComplete: true }
    from = `${keys.at(-1)!}-`
  }
  return { timers, isComplete: false }
}

/** A delayed message as people see it. */
export function pendingOf({ dueAt, envelope, token }: Timer): PendingTimer {
  return {
    dueAt,
    sender: envelope.caller!,
    target: envelope.target,
    typename: envelope.argument.typename,
    cancellationToken: token
  }
}

/** The values of an address that have not expired. */
export function valuesOf(state: AddressState, now: number): FunctionStateEntry[] {
  return state
    .filter(slot => !isOver(slot, now))
    .map(slot => ({
      name: slot.name,
      typename: slot.typename,
      bytes: Uint8Array.from(slot.encoded()),
      expiresAt: slot.expiresAt === 0 ? null : slot.expiresAt
    }))
}

/** Namespace and type have no slash, ids may. */
function addressIn(key: string): Address {
  const [namespace, type] = key.split('/', 2) as [string, string]
  return { namespace, type, id: key.slice(namespace.length + type.length + 2) }
}

/** In the order of the keys' bytes, which is not that of JavaScript's comparison. */
function byId(a: AddressEntry, b: AddressEntry): number {
  return Buffer.compare(Buffer.from(a.address.id), Buffer.from(b.address.id))
}

function isFrom(key: string, from: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(from)) >= 0
}
